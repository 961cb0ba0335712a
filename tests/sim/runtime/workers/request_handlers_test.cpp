// SPDX-License-Identifier: Apache-2.0
// Handlers for requests, which a service calls itself: whatever they take and return, they do as CAF has them.
#include "runtime/workers/actor_request.hpp"

#include "runtime/workers/actor_service.hpp"
#include "sim/support/asking.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/message_handler.hpp>
#include <caf/response_promise.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace request_handlers_test {

/// Of no type that CAF has a number for, as a request.
struct note {
  int n = 0;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, note& x) {
  return f(x.n);
}

} // namespace request_handlers_test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(request_handlers_test::note)

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;
using request_handlers_test::note;

// Which are called without a message of CAF.
template <class F>
constexpr bool is_called_directly = actors::handles_requests<F>;
static_assert(is_called_directly<decltype([](const ockam::request&) {})> && is_called_directly<decltype([](ockam::request) {})>);
static_assert(is_called_directly<std::string (*)(const ockam::request&)> && is_called_directly<std::function<content(const ockam::request&)>>);
static_assert(!is_called_directly<decltype([](ockam::request&) {})> && !is_called_directly<decltype([](const ockam::request&, int) {})>
              && !is_called_directly<decltype([](const note&) {})> && !is_called_directly<decltype([](const ockam::reply&) {})>);

class request_handlers : public testing::Test, protected asking {
 protected:
  template <class F>
  void start(F actor) {
    ASSERT_TRUE(start_service(net, n, "service", [make = actor_service("test", actor).make] { return make(service_options{}); }));
  }
  /// What is said to "x" by a service that has this handler alone.
  template <class Handler>
  std::string said_by(Handler h) {
    start([h](caf::event_based_actor*) -> caf::behavior { return {h}; });
    auto said = ask("x");
    n.reactor().post([&] { EXPECT_TRUE(n.workers().stop(address{"service"})); });
    net.run();
    return said;
  }
};

constexpr const char* error_words = "the service at 0#service on node n1 answered with an error: ";

TEST_F(request_handlers, may_return_all_that_caf_knows) {
  EXPECT_EQ(said_by([](const ockam::request& r) { return "text " + r.text(); }), "text x");
  EXPECT_EQ(said_by([](const ockam::request&) { return "characters"; }), "characters");
  EXPECT_EQ(said_by([](const ockam::request&) { return text("content"); }), "content");
  EXPECT_EQ(said_by([](const ockam::request& r) -> caf::result<std::string> { return r.text() + " result"; }), "x result");
  EXPECT_EQ(said_by([](const ockam::request&) -> caf::result<content> { return text("result"); }), "result");
  EXPECT_EQ(said_by([](const ockam::request&) -> caf::optional<std::string> { return std::string{"there"}; }), "there");
  EXPECT_EQ(said_by([](const ockam::request&) -> caf::expected<std::string> { return std::string{"expected"}; }), "expected");
  EXPECT_EQ(said_by([](const ockam::request&) { return std::make_tuple(std::string{"of a tuple"}); }), "of a tuple");
  EXPECT_EQ(said_by([](const ockam::request& r) { return r; }), "x");
  EXPECT_EQ(said_by([](const ockam::request&) { return caf::make_message(std::string{"message"}); }), "message");
}

TEST_F(request_handlers, may_return_nothing_and_errors) {
  EXPECT_EQ(said_by([](const ockam::request&) {}), "nothing");
  EXPECT_EQ(said_by([](const ockam::request&) { return caf::unit; }), "nothing");
  EXPECT_EQ(said_by([](const ockam::request&) { return caf::make_error(caf::sec::invalid_argument, std::string{"bad"}); }),
            std::string{error_words} + "bad");
  EXPECT_EQ(said_by([](const ockam::request&) -> caf::expected<std::string> { return caf::make_error(caf::sec::invalid_argument, std::string{"worse"}); }),
            std::string{error_words} + "worse");
  EXPECT_EQ(said_by([](const ockam::request&) -> caf::optional<std::string> { return caf::none; }), std::string{error_words} + "system_error(unexpected_response)");
  EXPECT_EQ(said_by([](const ockam::request&) { return 1; }), std::string{error_words} + "the actor answered with what is no payload");
}

TEST_F(request_handlers, may_take_a_request_in_any_way) {
  EXPECT_EQ(said_by([](ockam::request r) { return "value " + r.text(); }), "value x");
  EXPECT_EQ(said_by([](ockam::request& r) {
              auto said = "reference " + r.text();
              r = ockam::request{nullptr}; // its own
              return said;
            }),
            "reference x");
  std::function<std::string(const ockam::request&)> function = [](const ockam::request& r) { return "function " + r.text(); };
  EXPECT_EQ(said_by(function), "function x");
}

TEST_F(request_handlers, keep_their_state) {
  start([](caf::event_based_actor*) -> caf::behavior {
    return {[n = 0](const ockam::request&) mutable { return std::to_string(++n); }};
  });
  EXPECT_EQ(ask("x"), "1");
  EXPECT_EQ(ask("x"), "2");
}

TEST_F(request_handlers, are_found_among_others_and_others_in_their_place) {
  start([](caf::stateful_actor<note>* self) -> caf::behavior {
    caf::message_handler first{[self](const note& x) { self->state.n += x.n; }, [](int) { return std::string{"a number"}; }};
    caf::message_handler then{[self](const ockam::request& r) {
      self->send(self, note{5});
      return r.text() + std::to_string(self->state.n);
    }};
    return first.or_else(then).or_else([](const ockam::request&) { return std::string{"never"}; });
  });
  EXPECT_EQ(ask("x"), "x0");
  EXPECT_EQ(ask("y"), "y5");
}

TEST_F(request_handlers, are_called_by_other_actors_as_well) {
  start([](caf::event_based_actor* self) -> caf::behavior {
    auto other = self->spawn<caf::linked>([](caf::event_based_actor* me) -> caf::behavior {
      return {
        [me](const ockam::request& r) -> caf::result<std::string> {
          if (r.text() == "twice") {
            me->delegate(caf::actor_cast<caf::actor>(me), r.text());
            return caf::delegated<std::string>{};
          }
          return "other " + r.text();
        },
        [](const std::string& s) { return s + s; },
      };
    });
    return {[self, other](const ockam::request& r) {
      auto answer = self->make_response_promise<std::string>();
      self->request(other, caf::infinite, r).then([answer](const std::string& s) mutable { answer.deliver("it said " + s); });
      return answer;
    }};
  });
  EXPECT_EQ(ask("x"), "it said other x");
  EXPECT_EQ(ask("twice"), "it said twicetwice");
}

TEST_F(request_handlers, may_be_of_the_answer_to_a_request) {
  start([](caf::event_based_actor* self) -> caf::behavior {
    auto back = self->spawn<caf::linked>([](caf::event_based_actor*) -> caf::behavior {
      return {[](const ockam::request& r, int) { return r; }};
    });
    return {[self, back](const ockam::request& r) {
      auto answer = self->make_response_promise<std::string>();
      self->request(back, caf::infinite, r, 1).then([answer](const ockam::request& same) mutable { answer.deliver("back " + same.text()); });
      return answer;
    }};
  });
  EXPECT_EQ(ask("x"), "back x");
}

TEST_F(request_handlers, leave_alone_what_the_actor_keeps) {
  struct state {
    std::optional<content> said;
    std::vector<ockam::request> asked;
  };
  start([](caf::stateful_actor<state>* self) -> caf::behavior {
    return {[self](const ockam::request& r) {
      auto& s = self->state;
      if (!s.said)
        s.said = text(r.text());
      if (s.asked.size() < 2)
        s.asked.push_back(r);
      if (r.text() == "show")
        return text(s.asked[0].text() + s.asked[1].text() + std::to_string(s.asked[0].return_route().size()));
      return *s.said;
    }};
  });
  for (const auto* what : {"a", "b", "c", "d"})
    EXPECT_EQ(ask(what), "a") << what;
  EXPECT_EQ(ask("show"), "ab1");
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(request_handlers, that_have_promised_and_thrown_answer_nobody_else_later) {
  start([](caf::stateful_actor<std::vector<caf::response_promise>>* self) -> caf::behavior {
    return {[self](const ockam::request& r) -> std::string {
      auto& kept = self->state;
      if (r.text() == "throw") {
        kept.push_back(self->make_response_promise());
        throw std::runtime_error{"as asked"};
      }
      for (auto& p : kept)
        p.deliver(std::string{"late"});
      return r.text();
    }};
  });
  EXPECT_EQ(ask("throw"), std::string{error_words} + "as asked");
  EXPECT_EQ(ask("a"), "a");
  EXPECT_EQ(ask("b"), "b");
  EXPECT_EQ(got.size(), 1u);
}

TEST_F(request_handlers, answer_with_payloads_of_any_size) {
  start([](caf::event_based_actor*) -> caf::behavior {
    return {[](const ockam::request& r) -> content { return bytes(r.bytes()); }};
  });
  for (std::size_t size : {0u, 1u, 127u, 128u, 129u, 100'000u}) {
    got.clear();
    n.send({"service"}, std::string(size, 'x'), "me");
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0]->bytes().size(), size);
  }
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

} // namespace
} // namespace ockam::sim
