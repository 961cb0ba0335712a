// SPDX-License-Identifier: Apache-2.0
// An actor that monitors what is at the end of the route that it is sent, and says what has ended. `N*ROUTE`: by so
// many handles.
#include <ockam/actor.hpp>

#include <caf/event_based_actor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace {

struct monitored {
  std::vector<caf::actor> handles;
  std::string ended = "nothing has ended";
};

std::string words_of(const caf::error& why) {
  if (!why)
    return "normally";
  auto e = ockam::error_of(why);
  return std::string{ockam::to_string(e.code)} + ": " + e.cause;
}

caf::behavior monitor(caf::event_based_actor* self) {
  auto all = std::make_shared<monitored>();
  self->set_down_handler([all](caf::down_msg& down) { all->ended = words_of(down.reason); });
  return {[self, all](const ockam::request& r) -> std::string {
    if (r.text() == "?")
      return all->ended;
    all->ended = "nothing has ended";
    auto route = r.text();
    auto star = route.find('*');
    int n = star == route.npos ? 1 : std::stoi(route);
    for (int i = 0; i < n; ++i)
      self->monitor(all->handles.emplace_back(ockam::remote(self, route.substr(star + 1)))); // npos + 1 is 0
    return "monitored";
  }};
}

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of_actor<monitor>()};
