// SPDX-License-Identifier: Apache-2.0
// Services that are actors, for any node: `kind` says which.
#include <ockam/actor.hpp>

#include <string>

namespace {

caf::behavior function(caf::event_based_actor*) {
  return {[](const ockam::request& r) {
    if (r.text() == "throw")
      throw std::runtime_error{"as you wish"};
    return "function " + r.text();
  }};
}

void blocking(caf::blocking_actor* self) {
  bool running = true;
  self->receive_while(running)([](const ockam::request& r) { return "blocking " + r.text(); },
                               [&](const caf::exit_msg&) { running = false; });
}

ockam::actor_factory make(const ockam::service_options& o) {
  if (o.choice("kind", "function", {"function", "blocking"}) == "blocking")
    return ockam::spawning(blocking);
  return ockam::spawning(function);
}

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of_actor<make>()};
