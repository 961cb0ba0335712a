// SPDX-License-Identifier: Apache-2.0
// A node whose services are CAF actors: a function, one with state and a child, one that blocks, one that asks over a route.
#include <ockam/actor.hpp>
#include <ockam/node_main.hpp>

#include <caf/stateful_actor.hpp>

#include <chrono>
#include <map>
#include <sstream>
#include <string>

namespace {

/// Answers with what it returns.
caf::behavior greeter(caf::event_based_actor*, const std::string& greeting) {
  return {[greeting](const ockam::request& r) { return greeting + ", " + r.text(); }};
}

/// Counts the words of a text.
caf::behavior counter(caf::event_based_actor*) {
  return {[](const std::string& text) {
    std::istringstream in{text};
    std::int64_t words = 0;
    for (std::string word; in >> word;)
      ++words;
    return words;
  }};
}

struct totals {
  caf::actor child;
  std::int64_t words = 0;
};

/// Has a child count, and answers when that has: the node does other work meanwhile.
caf::behavior word_count(caf::stateful_actor<totals>* self) {
  self->state.child = self->spawn<caf::linked>(counter); // they end together
  return {[self](const ockam::request& r) {
    auto answer = self->make_response_promise<std::string>();
    self->request(self->state.child, std::chrono::seconds{5}, r.text())
      .then(
        [self, answer](std::int64_t words) mutable {
          self->state.words += words;
          answer.deliver(std::to_string(words) + " words, " + std::to_string(self->state.words) + " in all");
        },
        [answer](caf::error& e) mutable { answer.deliver(std::move(e)); });
    return answer;
  }};
}

/// May block as long as it likes: it has a thread of its own.
void slow(caf::blocking_actor* self) {
  bool running = true;
  self->receive_while(running)(
    [](const ockam::request& r) -> caf::result<std::string> {
      if (r.text() == "fail")
        return caf::make_error(caf::sec::runtime_error, std::string{"as you wish"});
      return "slowly: " + r.text();
    },
    [&](const caf::exit_msg&) { running = false; }); // the service is stopped
}

/// Has somebody else answer, at the other end of a route.
caf::behavior through(caf::event_based_actor* self, const std::string& to) {
  auto far = ockam::remote(self, to);
  return {[self, far](const ockam::request& r) { return self->delegate(far, r); }};
}

} // namespace

int main(int argc, char** argv) {
  auto greeting = [](const ockam::service_options& o) { return ockam::spawning(greeter, o.text("greeting", "Hello")); };
  auto route = [](const ockam::service_options& o) { return ockam::spawning(through, o.required("to")); };
  return ockam::node_main(argc, argv,
                          {ockam::actor_service("greeter", greeting), ockam::actor_service("words", word_count),
                           ockam::actor_service("slow", slow), ockam::actor_service("through", route)});
}
