// SPDX-License-Identifier: Apache-2.0
// Services that are actors, for any node: `kind` says which.
#include <ockam/actor.hpp>

#include <caf/io/broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <string>

#include <unistd.h>

namespace {

caf::behavior function(caf::event_based_actor* self) {
  return {[self](const ockam::request& r) {
    if (r.text() == "throw")
      throw std::runtime_error{"as you wish"};
    if (r.text() == "fail")
      self->quit(caf::make_error(caf::sec::runtime_error, std::string{"as you wish"}));
    return "function " + r.text();
  }};
}

using doubling = caf::typed_actor<caf::replies_to<std::int32_t>::with<std::int64_t>>;

doubling::behavior_type typed(doubling::pointer) {
  return {[](std::int32_t n) { return 2 * std::int64_t{n}; }};
}

using texts = caf::typed_actor<caf::replies_to<ockam::request>::with<std::string>>;

/// Never returns from its handler of `stay`.
texts::behavior_type typed_texts(texts::pointer) {
  return {[](const ockam::request& r) {
    while (r.text() == "stay")
      pause();
    return "typed " + r.text();
  }};
}

caf::behavior broker(caf::io::broker*) {
  return {[](const ockam::request& r) { return "broker " + r.text(); }};
}

/// Returns nothing, and so answers nothing.
caf::behavior silent(caf::event_based_actor*) {
  return {[](const ockam::request&) {}};
}

/// Leaves what it is asked to a child that has ended.
caf::behavior bereaved(caf::event_based_actor* self) {
  auto child = self->spawn(function);
  self->send_exit(child, caf::exit_reason::kill);
  return {[self, child](const ockam::request& r) { return self->delegate(child, r); }};
}

using again = caf::atom_constant<caf::atom("again")>;

/// Has something to do for ever, of its own making.
caf::behavior endless(caf::event_based_actor* self) {
  self->send(self, again::value);
  return {
    [self](again) { self->send(self, again::value); },
    [](const ockam::request& r) { return "endless " + r.text(); },
  };
}

void serve(caf::blocking_actor* self) {
  bool running = true;
  self->receive_while(running)(
    [](const ockam::request& r) {
      if (r.text() == "throw")
        throw std::runtime_error{"as you wish"};
      return "blocking " + r.text();
    },
    [&](const caf::exit_msg&) { running = false; });
}

void blocking(caf::blocking_actor* self) { serve(self); }

class blocking_class : public caf::blocking_actor {
 public:
  using caf::blocking_actor::blocking_actor;
  void act() override { serve(this); }
};

/// Never returns from its handler.
caf::behavior stuck(caf::event_based_actor*) {
  return {[](const ockam::request&) -> std::string {
    while (true)
      pause();
  }};
}

/// Has actors at addresses of their own, with the manners of a service and without.
caf::behavior publisher(caf::event_based_actor* self) {
  auto told = [](ockam::result<void>) {};
  ockam::publish(self, "with", ockam::spawn_as_service(self, function), told);
  ockam::publish(self, "without", self->spawn(function), told);
  ockam::publish(self, "blocks", ockam::spawn_as_service(self, blocking), told);
  ockam::publish(self, "class", ockam::spawn_as_service<blocking_class>(self), told);
  return {[](const ockam::request& r) { return r.text(); }};
}

struct named {
  const char* name = "helper";
};

caf::behavior helper(caf::stateful_actor<named>*) {
  return {[](const std::string&) {}};
}

caf::behavior family(caf::event_based_actor* self) {
  auto left = ockam::spawn_child(self, helper), right = ockam::spawn_child(self, helper);
  return {[left, right](const ockam::request& r) { return r.text(); }}; // without a handle to it an actor ends
}

caf::behavior thread(caf::event_based_actor*) {
  return {[](const ockam::request&) { return std::to_string(gettid()); }};
}

ockam::actor_factory make(const ockam::service_options& o) {
  auto kind = o.choice("kind", "function", {"function", "blocking", "blocking-class", "endless", "typed", "family", "thread", "stuck", "publisher", "typed-texts", "broker", "bereaved", "silent"});
  if (kind == "blocking")
    return ockam::spawning(blocking);
  if (kind == "blocking-class")
    return ockam::spawning<blocking_class>();
  if (kind == "stuck")
    return ockam::spawning(stuck);
  if (kind == "typed-texts")
    return ockam::spawning(typed_texts);
  if (kind == "broker")
    return ockam::spawning(broker);
  if (kind == "silent")
    return ockam::spawning(silent);
  if (kind == "bereaved")
    return ockam::spawning(bereaved);
  if (kind == "publisher")
    return ockam::spawning(publisher);
  if (kind == "endless")
    return ockam::spawning(endless);
  if (kind == "typed")
    return ockam::spawning(typed);
  if (kind == "family")
    return ockam::spawning(family);
  if (kind == "thread")
    return ockam::spawning(thread);
  return ockam::spawning(function);
}

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of_actor<make>()};
