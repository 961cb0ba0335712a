// SPDX-License-Identifier: Apache-2.0
// An actor that monitors `count` handles to `route`, and answers with how many of them have ended.
#include <ockam/actor.hpp>

#include <caf/event_based_actor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

caf::behavior watches(caf::event_based_actor* self, const std::string& route, std::int64_t count) {
  auto handles = std::make_shared<std::vector<caf::actor>>();
  auto ended = std::make_shared<int>(0);
  self->set_down_handler([ended](caf::down_msg&) { ++*ended; });
  for (std::int64_t i = 0; i < count; ++i)
    self->monitor(handles->emplace_back(ockam::remote(self, route)));
  return {[handles, ended](const ockam::request&) { return std::to_string(*ended); }};
}

ockam::actor_factory make(const ockam::service_options& o) {
  return ockam::spawning(watches, o.text("route", "/service/echo"), o.number("count", 1, 1, 1'000'000));
}

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of_actor<make>()};
