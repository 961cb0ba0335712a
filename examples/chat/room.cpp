// SPDX-License-Identifier: Apache-2.0
#include "services.hpp"

#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

constexpr std::size_t most_members = 100;

struct member_at {
  std::string route;
  caf::actor handle;
};
using members = std::map<std::string, member_at>;

caf::error wrong(std::string why) {
  return caf::make_error(caf::sec::invalid_argument, std::move(why));
}

void tell_others(caf::event_based_actor* self, const members& all, const std::string& but, const std::string& text) {
  for (const auto& [name, who] : all)
    if (name != but)
      self->send(who.handle, text);
}

std::string names_of(const members& all) {
  std::string text;
  for (const auto& [name, who] : all)
    text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "nobody" : text;
}

caf::result<std::string> join(caf::event_based_actor* self, members& all, const std::string& name, const std::string& route) {
  if (auto before = all.find(name); before != all.end()) { // it was away, and that has not been noticed
    if (before->second.route != route)
      return wrong(name + " is in the room already");
    self->demonitor(before->second.handle);
    all.erase(before);
  }
  if (all.size() >= most_members)
    return wrong("the room is full");
  caf::actor handle;
  try {
    handle = ockam::remote(self, route);
  } catch (const std::invalid_argument& e) {
    return wrong(e.what());
  }
  self->monitor(handle);
  all.insert({name, {route, handle}});
  tell_others(self, all, name, "* " + name + " has joined");
  return "in the room: " + names_of(all);
}

} // namespace

caf::behavior room(caf::event_based_actor* self) {
  auto all = std::make_shared<members>();
  self->set_down_handler([self, all](const caf::down_msg& down) {
    for (auto m = all->begin(); m != all->end(); ++m)
      if (m->second.handle == down.source) {
        auto name = m->first;
        all->erase(m);
        return tell_others(self, *all, name, "* " + name + " has left");
      }
  });
  return {[self, all](const ockam::request& r) -> caf::result<std::string> {
    std::istringstream in{r.is_text() ? r.text() : ""};
    std::string what, name, rest;
    in >> what >> name >> std::ws;
    std::getline(in, rest);
    if (what == "who")
      return names_of(*all);
    if (what == "join" && !rest.empty())
      return join(self, *all, name, rest);
    if (what == "say" && all->count(name) > 0) {
      tell_others(self, *all, name, name + ": " + rest);
      return "said";
    }
    return wrong("join NAME ROUTE, say NAME TEXT (once in the room) or who");
  }};
}
