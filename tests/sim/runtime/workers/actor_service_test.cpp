// SPDX-License-Identifier: Apache-2.0
// Services that are CAF actors, asked by workers.
#include "runtime/workers/actor_service.hpp"
#include "runtime/workers/service_catalog.hpp"

#include "sim/support/asking.hpp"

#include <caf/io/broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/response_promise.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

class actor_services : public testing::Test, protected asking {
 protected:
  template <class F>
  result<void> start(F actor, const std::string& at = "service", restart_policy restart = restart_policy::never,
                     service_options options = {}) {
    return start_type(actor_service("test", std::move(actor)), at, restart, std::move(options));
  }
  result<void> start_type(service_type type, const std::string& at = "service", restart_policy restart = restart_policy::never,
                          service_options options = {}) {
    auto o = service_on_pool();
    o.thread = type.thread;
    o.restart = restart;
    return start_service(net, n, at, [make = type.make, options] { return make(options); }, o);
  }
};

caf::behavior greeter(caf::event_based_actor*) {
  return {[](const ockam::request& r) { return "Hello, " + r.text(); }};
}

TEST_F(actor_services, a_function_answers_with_what_it_returns) {
  ASSERT_TRUE(start(greeter));
  EXPECT_EQ(ask("Ann"), "Hello, Ann");
  EXPECT_EQ(got.back()->return_route(), route{"service"}) << "as a worker does";
  EXPECT_EQ(ask("Bob"), "Hello, Bob");
  EXPECT_EQ(n.workers().show(address{"service"})->messages_out, 2u);
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

struct tally {
  int n = 0;
};

TEST_F(actor_services, a_stateful_actor_keeps_its_state) {
  ASSERT_TRUE(start([](caf::stateful_actor<tally>* self) -> caf::behavior {
    return {[self](const ockam::request&) { return std::to_string(++self->state.n); }};
  }));
  EXPECT_EQ(ask("x"), "1");
  EXPECT_EQ(ask("x"), "2");
}

class counting : public caf::event_based_actor {
 public:
  explicit counting(caf::actor_config& cfg, int from = 0) : caf::event_based_actor{cfg}, n_{from} {
    if (from < 0)
      throw std::invalid_argument{"it counts from 0"};
  }
  caf::behavior make_behavior() override {
    return {[this](const ockam::request&) { return std::to_string(++n_); }};
  }

 private:
  int n_;
};

TEST_F(actor_services, a_class_is_one_and_options_are_its_arguments) {
  ASSERT_TRUE(start_type(actor_service<counting>("counting")));
  EXPECT_EQ(ask("x"), "1");
  auto from = actor_service("counting", [](const service_options& o) { return spawning<counting>(static_cast<int>(o.number("from", 0, -9))); });
  EXPECT_TRUE(from.has_options);
  ASSERT_TRUE(start_type(from, "later", restart_policy::never, service_options{{{"from", "7"}}}));
  EXPECT_EQ(ask("x", {"later"}), "8");
  auto bad = start_type(from, "bad", restart_policy::never, service_options{{{"from", "-1"}}});
  ASSERT_FALSE(bad) << "a constructor that throws";
  EXPECT_EQ(bad.error().cause, "the worker at 0#bad did not start: it counts from 0");
  EXPECT_FALSE(n.board().find(address{"bad"}));
}

using calculator = caf::typed_actor<caf::replies_to<ockam::request>::with<std::string>>;

TEST_F(actor_services, a_typed_actor_is_one) {
  ASSERT_TRUE(start([](calculator::pointer) -> calculator::behavior_type {
    return {[](const ockam::request& r) { return std::to_string(std::stoi(r.text()) * 2); }};
  }));
  EXPECT_EQ(ask("21"), "42");
}

TEST_F(actor_services, bytes_are_answered_as_they_are) {
  ASSERT_TRUE(start([](caf::event_based_actor*) -> caf::behavior {
    return {[](const ockam::request& r) { return bytes(r.bytes()); }};
  }));
  n.send({"service"}, std::string_view{"\x00\xff\x01", 3}, "me");
  ASSERT_EQ(got.size(), 1u);
  ASSERT_EQ(got[0]->bytes().size(), 3u);
  EXPECT_EQ(got[0]->bytes()[1], std::byte{0xff});
  EXPECT_EQ(bytes(std::vector<std::uint8_t>{1, 2}).bytes()[1], std::byte{2}) << "what libraries for CBOR make";
}

TEST_F(actor_services, a_broker_is_one) {
  ASSERT_TRUE(start(
    [](caf::io::broker*) -> caf::behavior { return {[](const ockam::request& r) { return "Hello, " + r.text(); }}; }));
  EXPECT_EQ(ask("Ann"), "Hello, Ann");
  ASSERT_TRUE(n.workers().stop(address{"service"}));
  net.run();
}

TEST_F(actor_services, what_is_no_text_has_a_word_in_its_place) {
  ASSERT_TRUE(start([](caf::event_based_actor*) -> caf::behavior {
    return {[](const ockam::request& r) { return r.text_or("no text"); }};
  }));
  n.send({"service"}, "\xff\xff", "me", true);
  EXPECT_EQ(said(), "no text");
  EXPECT_EQ(ask("Ann"), "Ann");
}

TEST_F(actor_services, another_actor_may_answer) {
  ASSERT_TRUE(start([](caf::event_based_actor* self) -> caf::behavior {
    auto answerer = [](caf::event_based_actor*, const std::string& how) -> caf::behavior {
      return {[how](const ockam::request& r) { return how + r.text(); }};
    };
    auto other = self->spawn<caf::linked>(answerer, "delegated ");
    return {[self, other](const ockam::request& r) { return self->delegate(other, r); }};
  }));
  EXPECT_EQ(ask("x"), "delegated x");
}

/// Leaves requests to a child, which ends on `end`.
caf::behavior delegating(caf::event_based_actor* self) {
  auto child = self->spawn([](caf::event_based_actor* other) -> caf::behavior {
    return {[other](const ockam::request& r) {
      if (r.text() == "end")
        other->quit();
      return "child " + r.text();
    }};
  });
  return {[self, child](const ockam::request& r) { return self->delegate(child, r); }};
}

TEST_F(actor_services, who_asks_one_that_has_left_it_to_a_child_that_has_ended_is_told) {
  ASSERT_TRUE(start(delegating));
  EXPECT_EQ(ask("x"), "child x");
  EXPECT_EQ(ask("end"), "child end");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(ask("x"), "the service at 0#service on node n1 answered with an error: the actor that was to answer has ended");
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u) << "nothing waits for it";
  EXPECT_TRUE(n.board().find(address{"service"})) << "the actor of the service goes on";
  EXPECT_EQ(n.workers().show(address{"service"})->failed, 3u);
}

TEST_F(actor_services, a_service_that_leaves_more_than_its_budget_to_a_child_that_has_ended_goes_on) {
  ASSERT_TRUE(start([](caf::event_based_actor* self) -> caf::behavior {
    auto child = self->spawn([](caf::event_based_actor*) -> caf::behavior { return {[](const ockam::request&) {}}; });
    self->send_exit(child, caf::exit_reason::kill);
    return {[self, child](const ockam::request& r) -> caf::result<std::string> {
      if (r.is_text())
        return "still " + r.text();
      self->delegate(child, r);
      return caf::delegated<std::string>{};
    }};
  }));
  std::string large(100'000, '\xff');
  for (int i = 0; i < 30; ++i) // of a budget of 1 MiB
    n.send({"service"}, large, "me", true);
  ASSERT_EQ(got.size(), 30u);
  for (const auto& m : got)
    EXPECT_EQ(m->header.get_report()->reason, drop_reason::service_error);
  EXPECT_EQ(ask("there"), "still there");
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(actor_services, what_its_own_end_bounces_is_told_with_the_reason_of_that) {
  ASSERT_TRUE(start([](caf::event_based_actor* self) -> caf::behavior {
    using now = caf::atom_constant<caf::atom("now")>;
    return {
      [self](const ockam::request& r) -> caf::result<std::string> {
        if (r.text() == "wait")
          return caf::skip(); // and so it is in the mailbox at the end
        self->send(self, now::value);
        return self->make_response_promise<std::string>();
      },
      [self](now) { self->quit(caf::make_error(caf::sec::runtime_error, std::string{"as asked"})); },
    };
  }));
  EXPECT_EQ(ask("wait"), "nothing");
  n.send({"service"}, "\x03now", "me", true);
  ASSERT_EQ(got.size(), 2u);
  for (const auto& m : got)
    EXPECT_EQ(to_error(*m->header.get_report()).cause, "the service at 0#service on node n1 failed: as asked");
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

struct promised {
  caf::typed_response_promise<std::string> answer;
};

TEST_F(actor_services, an_answer_may_come_later) {
  using tick = caf::atom_constant<caf::atom("tick")>;
  ASSERT_TRUE(start([](caf::stateful_actor<promised>* self) -> caf::behavior {
    return {
      [self](const ockam::request&) {
        self->delayed_send(self, 50ms, tick::value);
        return self->state.answer = self->make_response_promise<std::string>();
      },
      [self](tick) { self->state.answer.deliver(std::string{"later"}); },
    };
  }));
  EXPECT_EQ(ask("x"), "nothing");
  net.advance(50ms);
  EXPECT_EQ(said(), "later");
}

TEST_F(actor_services, an_error_is_told_with_its_words_and_the_actor_goes_on) {
  ASSERT_TRUE(start([](caf::event_based_actor*) -> caf::behavior {
    return {[](const ockam::request& r) -> caf::result<std::string> {
      if (r.text() == "bad")
        return caf::make_error(caf::sec::invalid_argument, std::string{"that is bad"});
      return r.text();
    }};
  }));
  EXPECT_EQ(ask("bad"), "the service at 0#service on node n1 answered with an error: that is bad");
  EXPECT_EQ(ask("good"), "good");
}

TEST_F(actor_services, a_handler_that_returns_nothing_answers_nothing) {
  ASSERT_TRUE(start([](caf::event_based_actor*) -> caf::behavior { return {[](const ockam::request&) {}}; }));
  EXPECT_EQ(ask("x"), "nothing");
  EXPECT_EQ(n.budget().used(), 0u) << "and keeps nothing";
}

TEST_F(actor_services, who_has_no_handler_for_requests_says_so) {
  ASSERT_TRUE(start([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; }));
  EXPECT_EQ(ask("x"), "the service at 0#service on node n1 answered with an error: the actor does not handle requests");
  ASSERT_TRUE(start([](caf::event_based_actor*) -> caf::behavior { return {[](const ockam::request&) { return 1.5f; }}; }, "odd"));
  EXPECT_EQ(ask("x", {"odd"}), "the service at 0#odd on node n1 answered with an error: the actor answered with what is no payload");
}

TEST_F(actor_services, an_exception_of_a_request_is_its_answer_and_the_actor_goes_on) {
  ASSERT_TRUE(start([](caf::stateful_actor<tally>* self) -> caf::behavior {
    return {[self](const ockam::request& r) {
      if (r.text() == "now")
        throw std::runtime_error{"no disk"};
      return std::to_string(++self->state.n);
    }};
  }));
  EXPECT_EQ(ask("x"), "1");
  EXPECT_EQ(ask("now"), "the service at 0#service on node n1 answered with an error: no disk");
  n.send({"service"}, "\xff\xff", "me", true);
  EXPECT_EQ(said(), "the service at 0#service on node n1 answered with an error: the payload is not text");
  EXPECT_EQ(ask("x"), "2") << "the same actor";
  EXPECT_EQ(n.workers().show(address{"service"})->failed, 2u);
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(actor_services, an_exception_of_a_class_or_after_a_promise_is_no_end_either) {
  class careless : public caf::event_based_actor {
   public:
    using caf::event_based_actor::event_based_actor;
    caf::behavior make_behavior() override {
      return {[this](const ockam::request& r) {
        auto later = make_response_promise<std::string>();
        if (r.text() == "throw")
          throw 1;
        later.deliver(std::string{"good"});
        return later;
      }};
    }
  };
  ASSERT_TRUE(start_type(actor_service<careless>("careless")));
  EXPECT_EQ(ask("throw"), "the service at 0#service on node n1 answered with an error: an exception that is no std::exception");
  EXPECT_EQ(ask("x"), "good");
}

TEST_F(actor_services, an_exception_of_anything_else_ends_it_with_its_words_for_all_who_wait) {
  using now = caf::atom_constant<caf::atom("now")>;
  ASSERT_TRUE(start([](caf::event_based_actor* self) -> caf::behavior {
    return {
      [self](const ockam::request& r) {
        if (r.text() == "now")
          self->send(self, now::value);
        return self->make_response_promise<std::string>();
      },
      [](now) { throw std::runtime_error{"no disk"}; },
    };
  }));
  EXPECT_EQ(ask("wait"), "nothing");
  n.send({"service"}, "\x03now", "me", true);
  ASSERT_EQ(got.size(), 2u);
  auto words = [&](std::size_t i) { return got[i]->header.get_report() ? to_error(*got[i]->header.get_report()).cause : "a reply"; };
  EXPECT_EQ(words(0), "the service at 0#service on node n1 failed: no disk");
  EXPECT_EQ(words(1), "the service at 0#service on node n1 failed: no disk");
  EXPECT_FALSE(n.board().find(address{"service"})) << "its name is free";
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(actor_services, one_that_wants_something_else_of_its_exceptions_gets_it) {
  ASSERT_TRUE(start([](caf::event_based_actor* self) -> caf::behavior {
    self->set_exception_handler([](std::exception_ptr&) { return caf::make_error(caf::sec::runtime_error, std::string{"that was all"}); });
    return {[](const ockam::request&) -> std::string { throw std::runtime_error{"no disk"}; }};
  }));
  EXPECT_EQ(ask("x"), "the service at 0#service on node n1 answered with an error: that was all");
  EXPECT_FALSE(n.board().find(address{"service"}));
}

TEST_F(actor_services, a_broker_has_no_thread_of_its_own) {
  service_options detached{{{"thread", "detached"}}};
  auto refused = start([](caf::io::broker*) -> caf::behavior { return {[](const ockam::request&) {}}; }, "service", restart_policy::never, detached);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().cause.find("it is a broker"), std::string::npos) << refused.error().cause;
  auto broker = [](caf::io::broker*) -> caf::behavior { return {[](const ockam::request&) {}}; };
  for (const auto& type : {actor_service("plain", broker), actor_service("options", [=](const service_options&) { return spawning(broker); })}) {
    EXPECT_TRUE(check_service(type, {}));
    auto checked = check_service(type, detached);
    ASSERT_FALSE(checked) << "as a start is";
    EXPECT_EQ(checked.error().cause, "it is a broker, which runs on the socket thread: it cannot have a thread of its own");
  }
}

struct with_name {
  const char* name = "teller";
};

TEST_F(actor_services, lists_have_the_name_of_an_actor_or_of_its_type) {
  ASSERT_TRUE(start(greeter, "a"));
  EXPECT_EQ(n.workers().show(address{"a"})->kin.behavior, "test");
  auto named = [](caf::stateful_actor<with_name>*) -> caf::behavior { return {[](const ockam::request&) {}}; };
  ASSERT_TRUE(start(named, "b"));
  EXPECT_EQ(n.workers().show(address{"b"})->kin.behavior, "teller");
  ASSERT_TRUE(start_type(actor_service<counting>("counting"), "c"));
  EXPECT_EQ(n.workers().show(address{"c"})->kin.behavior, "counting");
}

TEST_F(actor_services, lists_say_where_an_actor_runs) {
  auto runs = [&](const char* at) { return n.workers().show(address{at})->kin.runs; };
  ASSERT_TRUE(start(greeter, "usual"));
  EXPECT_EQ(runs("usual"), actor_runs::with_worker);
  ASSERT_TRUE(start([](calculator::pointer) -> calculator::behavior_type { return {[](const ockam::request& r) { return r.text(); }}; }, "typed"));
  EXPECT_EQ(runs("typed"), actor_runs::with_worker);
  ASSERT_TRUE(start([](caf::io::broker*) -> caf::behavior { return {[](const ockam::request&) {}}; }, "broker"));
  EXPECT_EQ(runs("broker"), actor_runs::on_sockets);
  auto on_sockets = actor_service("test", greeter);
  on_sockets.thread = worker_thread::socket;
  ASSERT_TRUE(start_type(on_sockets, "asked by the socket thread"));
  EXPECT_EQ(runs("asked by the socket thread"), actor_runs::on_scheduler);
  ASSERT_TRUE(n.workers().stop(address{"broker"}));
  net.run();
}

TEST_F(actor_services, one_that_ends_is_made_anew_where_that_is_wanted) {
  auto mortal = [](caf::stateful_actor<tally>* self) -> caf::behavior {
    return {[self](const ockam::request& r) {
      if (r.text() == "fail")
        self->quit(caf::make_error(caf::sec::runtime_error, std::string{"as asked"}));
      if (r.text() == "quit")
        self->quit();
      return std::to_string(++self->state.n);
    }};
  };
  ASSERT_TRUE(start(mortal, "service", restart_policy::on_failure));
  EXPECT_EQ(ask("x"), "1");
  ask("fail");
  net.advance(1min);
  EXPECT_EQ(ask("x"), "1") << "a new one";
  EXPECT_EQ(n.workers().show(address{"service"})->restarts, 1u);
  EXPECT_EQ(ask("quit"), "2");
  EXPECT_FALSE(n.board().find(address{"service"})) << "that was no failure";
}

TEST_F(actor_services, an_actor_ends_with_its_service_and_leaves_nothing) {
  caf::actor_addr actor;
  ASSERT_TRUE(start([&](caf::event_based_actor* self) -> caf::behavior {
    actor = self->address();
    return {[self](const ockam::request&) { return self->make_response_promise<std::string>(); }};
  }));
  EXPECT_EQ(ask("x"), "nothing");
  EXPECT_GT(n.budget().used(), 0u) << "what waits is charged";
  n.reactor().post([&] { EXPECT_TRUE(n.workers().stop(address{"service"})); });
  net.run();
  EXPECT_EQ(said(), "the service at 0#service on node n1 failed: it was stopped");
  EXPECT_FALSE(caf::actor_cast<caf::actor>(actor));
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(actor_services, requests_that_are_never_answered_are_bounded) {
  ASSERT_TRUE(start([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](const ockam::request&) { return self->make_response_promise<std::string>(); }};
  }));
  std::string large(100'000, 'x');
  for (int i = 0; i < 100; ++i)
    n.send({"service"}, large, "me", true);
  EXPECT_LE(n.budget().used(), 2u << 20);
  ASSERT_FALSE(got.empty());
  EXPECT_EQ(got[0]->header.get_report()->reason, drop_reason::congested);
}

} // namespace
} // namespace ockam::sim
