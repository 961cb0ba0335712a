// SPDX-License-Identifier: Apache-2.0
// Actors whose requests are not for their handler alone: where CAF does more than call it, the worker that asks lets CAF do it.
#include "runtime/workers/actor_service.hpp"

#include "sim/support/asking.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

class own_turns : public testing::Test, protected asking {
 protected:
  template <class F>
  void start(F actor, const std::string& at = "service") {
    ASSERT_TRUE(start_service(net, n, at, [make = actor_service("test", actor).make] { return make(service_options{}); }));
  }
  void send(std::string_view text) {
    auto body = text_payload(text);
    n.send({"service"}, {reinterpret_cast<const char*>(body.bytes().data()), body.size()}, "me", true);
  }
  /// All that came, in order.
  std::string all_said() {
    std::string out;
    for (const auto& m : got)
      out += (out.empty() ? "" : " ") + std::string{m->text().value_or("?")};
    return out;
  }
};

struct tally {
  int n = 0;
  std::vector<ockam::request> kept;
  caf::response_promise promise;
};

using texts = caf::typed_actor<caf::replies_to<ockam::request>::with<std::string>>;

TEST_F(own_turns, typed_actors_have_them_as_well) {
  caf::execution_unit *of_any = nullptr, *of_typed = nullptr;
  start([&of_any](caf::event_based_actor* self) -> caf::behavior {
    return {[self, &of_any](const ockam::request& r) {
      of_any = self->context();
      return r.text();
    }};
  });
  start(
    [&of_typed](texts::pointer self) -> texts::behavior_type {
      return {[self, &of_typed](const ockam::request& r) {
        of_typed = self->context();
        return r.text();
      }};
    },
    "typed");
  EXPECT_EQ(ask("x"), "x");
  EXPECT_EQ(ask("y", {"typed"}), "y");
  ASSERT_TRUE(of_any);
  EXPECT_EQ(of_typed, of_any) << "what runs actors on the thread of who asks";
}

TEST_F(own_turns, typed_actors_go_on_after_an_exception_and_skip_and_promise) {
  start([](texts::stateful_pointer<tally> self) -> texts::behavior_type {
    return {[self](const ockam::request& r) -> caf::result<std::string> {
      if (r.text() == "throw")
        throw std::runtime_error{"as you wish"};
      if (r.text() == "promise") {
        auto answer = self->make_response_promise<std::string>();
        answer.deliver(std::string{"promised"});
        return answer;
      }
      if (self->state.n == 0 && r.text() != "begin")
        return caf::skip();
      return r.text() + std::to_string(++self->state.n);
    }};
  });
  EXPECT_EQ(ask("throw"), "the service at 0#service on node n1 answered with an error: as you wish");
  EXPECT_EQ(ask("promise"), "promised");
  got.clear();
  for (const auto* text : {"a", "begin", "b"})
    send(text);
  EXPECT_EQ(all_said(), "begin1 a2 b3");
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(own_turns, what_a_handler_skips_comes_again_before_what_is_sent_later) {
  start([](caf::stateful_actor<tally>* self) -> caf::behavior {
    return {[self](const ockam::request& r) -> caf::result<std::string> {
      if (self->state.n == 0 && r.text() != "begin")
        return caf::skip();
      return r.text() + std::to_string(++self->state.n);
    }};
  });
  for (const auto* text : {"a", "b", "begin", "c"})
    send(text);
  EXPECT_EQ(all_said(), "begin1 a2 b3 c4");
  send("d");
  EXPECT_EQ(all_said(), "begin1 a2 b3 c4 d5");
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(own_turns, what_comes_while_it_awaits_a_response_waits) {
  using later = caf::atom_constant<caf::atom("later")>;
  start([](caf::stateful_actor<tally>* self) -> caf::behavior {
    auto clerk = self->spawn([](caf::stateful_actor<tally>* other) -> caf::behavior {
      return {
        [other](const std::string&) {
          other->delayed_send(other, 50ms, later::value);
          return other->state.promise = other->make_response_promise();
        },
        [other](later) { other->state.promise.deliver(std::string{"checked"}); },
      };
    });
    return {[self, clerk](const ockam::request& r) {
      auto answer = self->make_response_promise<std::string>();
      self->request(clerk, caf::infinite, r.text()).await([self, answer, text = r.text()](const std::string& s) mutable {
        answer.deliver(text + s + std::to_string(++self->state.n));
      });
      return answer;
    }};
  });
  send("a");
  send("b");
  EXPECT_EQ(all_said(), "");
  net.advance(50ms);
  EXPECT_EQ(all_said(), "achecked1");
  net.advance(50ms);
  EXPECT_EQ(all_said(), "achecked1 bchecked2");
}

TEST_F(own_turns, each_request_begins_the_time_out_of_a_behavior_anew) {
  start([](caf::stateful_actor<tally>* self) -> caf::behavior {
    return {
      [self](const ockam::request&) { return std::to_string(self->state.n); },
      caf::after(50ms) >> [self] { ++self->state.n; },
    };
  });
  net.advance(40ms);
  EXPECT_EQ(ask("x"), "0");
  net.advance(40ms);
  EXPECT_EQ(ask("x"), "0");
  net.advance(60ms);
  EXPECT_EQ(ask("x"), "1");
}

TEST_F(own_turns, a_behavior_that_it_takes_on_handles_the_next) {
  start([](caf::event_based_actor* self) -> caf::behavior {
    caf::behavior second{[](const ockam::request&) { return std::string{"second"}; }};
    return {[self, second](const ockam::request&) {
      self->become(second);
      return std::string{"first"};
    }};
  });
  EXPECT_EQ(ask("x"), "first");
  EXPECT_EQ(ask("x"), "second");
}

TEST_F(own_turns, an_answer_that_was_promised_may_come_within_the_handler) {
  start([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](const ockam::request& r) { // returns nothing, and has answered
      auto answer = self->make_response_promise<std::string>();
      answer.deliver("promised " + r.text());
    }};
  });
  EXPECT_EQ(ask("a"), "promised a");
  EXPECT_EQ(ask("b"), "promised b");
}

TEST_F(own_turns, what_it_keeps_of_a_request_stays_as_it_was) {
  start([](caf::stateful_actor<tally>* self) -> caf::behavior {
    return {[self](const ockam::request& r) {
      self->state.kept.push_back(r);
      std::string all;
      for (const auto& k : self->state.kept)
        all += k.text() + std::to_string(k.return_route().size());
      return all;
    }};
  });
  EXPECT_EQ(ask("a"), "a1");
  EXPECT_EQ(ask("b"), "a1b1");
  EXPECT_EQ(ask("c"), "a1b1c1");
}

TEST_F(own_turns, what_it_sends_itself_is_handled_after_the_request) {
  start([](caf::stateful_actor<tally>* self) -> caf::behavior {
    return {
      [self](const ockam::request&) {
        self->send(self, 1);
        return std::to_string(self->state.n);
      },
      [self](int more) { self->state.n += more; },
    };
  });
  EXPECT_EQ(ask("x"), "0");
  EXPECT_EQ(ask("x"), "1");
}

TEST_F(own_turns, whoever_has_the_way_back_answers_once) {
  start([](caf::stateful_actor<tally>* self) -> caf::behavior {
    return {[self](const ockam::request& r) -> caf::result<std::string> {
      if (r.text() == "keep") {
        self->state.promise = self->make_response_promise();
        return caf::delegated<std::string>{};
      }
      self->state.promise.deliver(std::string{"kept"});
      self->state.promise.deliver(std::string{"kept again"}); // which CAF drops
      return std::string{"asked"};
    }};
  });
  send("keep");
  EXPECT_EQ(all_said(), "");
  send("x");
  EXPECT_EQ(got.size(), 2u);
  send("x");
  EXPECT_EQ(got.size(), 3u) << all_said();
}

TEST_F(own_turns, a_handler_of_anything_is_asked_when_no_other_is) {
  start([](caf::event_based_actor* self) -> caf::behavior {
    self->set_default_handler([](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
      return caf::make_message(std::string{"anything"});
    });
    return {[](int) {}};
  });
  EXPECT_EQ(ask("x"), "anything");
  EXPECT_EQ(ask("y"), "anything");
}

TEST_F(own_turns, one_that_ends_in_its_handler_has_answered) {
  start([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](const ockam::request&) {
      self->quit();
      return std::string{"good bye"};
    }};
  });
  send("a");
  EXPECT_EQ(all_said(), "good bye");
  EXPECT_FALSE(n.board().find(address{"service"}));
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

} // namespace
} // namespace ockam::sim
