// SPDX-License-Identifier: Apache-2.0
#include "services.hpp"

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

namespace {

using join_atom = caf::atom_constant<caf::atom("join")>;

void print(const std::string& line) {
  std::cout << line << std::endl;
}

caf::behavior in_the_room(caf::event_based_actor* self, const std::string& name, const std::string& room_route, const std::string& my_route) {
  auto room = ockam::remote(self, room_route);
  self->set_down_handler([self](const caf::down_msg&) {
    print("* the room is gone");
    self->delayed_send(self, 1s, join_atom::value);
  });
  self->send(self, join_atom::value);
  return {
    [=](join_atom) {
      self->request(room, 5s, "join " + name + ' ' + my_route)
        .then(
          [=](const ockam::reply& r) {
            print("* " + r.text());
            self->monitor(room);
          },
          [=](const caf::error&) { self->delayed_send(self, 1s, join_atom::value); });
    },
    [=](const ockam::request& r) -> caf::result<void> {
      if (!r.is_text())
        return caf::make_error(caf::sec::invalid_argument, std::string{"that is no text"});
      if (!r.is_local()) {
        print(r.text());
        return {};
      }
      self->delegate(room, "say " + name + ' ' + r.text());
      return caf::delegated<void>{}; // the room answers in its place
    },
  };
}

} // namespace

ockam::actor_factory member(const ockam::service_options& o) {
  return ockam::spawning(in_the_room, o.required("name"), o.required("room"), o.required("me"));
}
