// SPDX-License-Identifier: Apache-2.0
// What a service does wrong with the public API is its own error: it ends or is started again, the sender is told, and
// the node serves on. The same on the socket thread and on the pool.
#include "runtime/workers/worker.hpp"

#include "runtime/workers/service_catalog.hpp"
#include "runtime/workers/service_type.hpp"
#include "sim/support/node.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <stdexcept>
#include <thread>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

/// Does what a test says, with the members that are protected.
class scripted final : public worker {
 public:
  using worker::cancel_timer, worker::compute_reply, worker::deliver, worker::drop, worker::forward, worker::my_postbox, worker::reply,
    worker::reply_error, worker::reply_from_budget, worker::reply_text, worker::request, worker::send, worker::set_timer,
    worker::stop;
  using act = std::function<void(scripted&, message_ptr)>;

  void on_start() override {
    if (at_start)
      at_start(*this);
  }
  void on_message(message_ptr m) override {
    if (at_message)
      at_message(*this, std::move(m));
  }
  void on_timer(std::uint64_t) override { ++timers; }
  void on_stop() noexcept override {
    if (at_stop)
      at_stop(*this);
  }

  act at_message;
  std::function<void(scripted&)> at_start, at_stop;
  int timers = 0;
};

//   me ──▶ n1: bad (what the test says, restarted on failure), echo
class misuse : public testing::TestWithParam<worker_thread> {
 protected:
  misuse() {
    auto w = std::make_unique<mailbox>();
    got = &w->got;
    n.start("me", std::move(w));
  }

  void start(std::function<void(scripted&)> prepare, restart_policy again = restart_policy::on_failure) {
    worker_options o;
    o.type = "test";
    o.thread = GetParam();
    o.restart = again;
    auto factory = [prepare]() -> result<std::unique_ptr<worker>> {
      auto w = std::make_unique<scripted>();
      prepare(*w);
      return std::unique_ptr<worker>{std::move(w)};
    };
    n.reactor().post([&] {
      n.workers().start(address{"bad"}, factory, o, [&](result<void> r) { started = std::move(r); });
    });
    net.run();
  }
  std::uint64_t failures() { return n.workers().show(address{"bad"})->failed; }
  bool echo_answers() {
    auto before = got->size();
    n.send({"echo"}, "x", "me");
    return got->size() == before + 1;
  }

  network net;
  node n{net};
  std::vector<message_ptr>* got = nullptr;
  result<void> started;
};

INSTANTIATE_TEST_SUITE_P(threads, misuse, testing::Values(worker_thread::socket, worker_thread::pool),
                         [](const auto& which) { return which.param == worker_thread::pool ? "pool" : "socket"; });

const route too_long(max_route_hops + 1, address{"x"});
const route name_too_long{address{std::string(max_name_length + 1, 'x')}};
const route name_far_too_long{address{std::string(20'000, 'x')}};

TEST_P(misuse, is_the_error_of_the_worker) {
  const std::vector<std::pair<const char*, scripted::act>> ways{
    {"replies to nothing", [](auto& w, message_ptr) { w.reply(nullptr); }},
    {"replies twice", [](auto& w, message_ptr m) { w.reply(std::move(m)); w.reply(std::move(m), payload{"again"}); }},
    {"replies twice with text", [](auto& w, message_ptr m) { w.reply_text(std::move(m), "a"); w.reply_text(std::move(m), "b"); }},
    {"replies from the budget of nothing", [](auto& w, message_ptr) { w.reply_from_budget(nullptr); }},
    {"replies from the budget of nothing with a body", [](auto& w, message_ptr) { w.reply_from_budget(nullptr, payload{"x"}); }},
    {"answers nothing with an error", [](auto& w, message_ptr) { w.reply_error(nullptr, "no"); }},
    {"passes nothing on", [](auto& w, message_ptr) { w.forward(nullptr); }},
    {"passes on twice", [](auto& w, message_ptr m) { w.forward(std::move(m)); w.forward(std::move(m)); }},
    {"passes on what has nowhere to go", [](auto& w, message_ptr m) { m->header.pop_onward(); m->header.pop_onward(); w.forward(std::move(m)); }},
    {"delivers nothing", [](auto& w, message_ptr) { w.deliver(nullptr); }},
    {"delivers a route that is too long", [](auto& w, message_ptr m) {
      for (const auto& a : too_long)
        m->header.push_return(a);
      w.deliver(std::move(m));
    }},
    {"puts a name in that is too long", [](auto& w, message_ptr m) { m->header.push_return(name_far_too_long[0]); w.deliver(std::move(m)); }},
    {"drops nothing", [](auto& w, message_ptr) { w.drop(nullptr, drop_reason::service_error); }},
    {"drops for no reason", [](auto& w, message_ptr m) { w.drop(std::move(m), drop_reason::none); }},
    {"drops for a reason that is none", [](auto& w, message_ptr m) { w.drop(std::move(m), static_cast<drop_reason>(200)); }},
    {"computes for nothing", [](auto& w, message_ptr) { w.compute_reply(nullptr, [](message&) { return std::optional<result<payload>>{payload{}}; }); }},
    {"computes nothing", [](auto& w, message_ptr m) { w.compute_reply(std::move(m), {}); }},
    {"computes with an empty function", [](auto& w, message_ptr m) {
      w.compute_reply(std::move(m), std::function<std::optional<result<payload>>(message&)>{});
    }},
    {"sends along a route that is too long", [](auto& w, message_ptr) { w.send(too_long, payload{"x"}); }},
    {"sends to a name that is too long", [](auto& w, message_ptr) { w.send(name_too_long, payload{"x"}); }},
    {"requests with no handler", [](auto& w, message_ptr) { w.request({"echo"}, payload{"x"}, 1s, {}); }},
    {"requests with an empty handler", [](auto& w, message_ptr) { w.request({"echo"}, payload{"x"}, 1s, std::function<void(result<message_ptr>)>{}); }},
    {"requests with a null pointer", [](auto& w, message_ptr) { w.request({"echo"}, payload{"x"}, 1s, static_cast<void (*)(result<message_ptr>)>(nullptr)); }},
    {"requests along a name that is too long", [](auto& w, message_ptr) { w.request(name_far_too_long, payload{"x"}, 1s, [](auto) {}); }},
    {"posts an empty task", [](auto& w, message_ptr) { w.my_postbox().post({}); }},
    {"replies with a null pointer", [](auto& w, message_ptr m) { w.reply(std::move(m), static_cast<const char*>(nullptr)); }},
    {"throws what is no exception", [](auto&, message_ptr) { throw 42; }},
    {"takes a reply for granted", [](auto& w, message_ptr) {
      w.request({"nobody"}, payload{"x"}, 1s, [](result<message_ptr> r) { (void)(*r)->text(); });
    }},
  };
  scripted::act act;
  start([&](scripted& w) { w.at_message = [&](scripted& self, message_ptr m) { act(self, std::move(m)); }; });
  std::uint64_t before = 0;
  for (const auto& [what, how] : ways) {
    SCOPED_TRACE(what);
    act = how;
    n.send({"bad"}, "x", "me", true);
    net.advance(1min);
    EXPECT_EQ(failures(), ++before);
    EXPECT_TRUE(echo_answers());
  }
  // And it works as before.
  act = [](scripted& w, message_ptr m) { w.reply(std::move(m)); };
  auto answers = got->size();
  n.send({"bad"}, "well", "me");
  ASSERT_EQ(got->size(), answers + 1);
  EXPECT_EQ(got->back()->body.text(), "well");
  got->clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_P(misuse, of_a_message_that_was_answered_leaves_the_first_answer) {
  start([](scripted& w) { w.at_message = [](scripted& self, message_ptr m) { self.reply(std::move(m)); self.reply(std::move(m)); }; });
  n.send({"bad"}, "once", "me");
  ASSERT_EQ(got->size(), 1u);
  EXPECT_EQ(got->back()->body.text(), "once");
}

TEST_P(misuse, of_a_postbox_that_was_moved_from_posts_nothing) {
  std::optional<bool> posted;
  start([&](scripted& w) {
    w.at_start = [&](scripted& self) {
      auto box = self.my_postbox();
      auto other = std::move(box);
      posted = box.post([] {});
    };
  });
  EXPECT_EQ(posted, false);
}

TEST_P(misuse, of_times_has_bounds) {
  start([](scripted& w) {
    w.at_message = [](scripted& self, message_ptr m) {
      self.set_timer(std::chrono::milliseconds::max());
      self.set_timer(std::chrono::milliseconds::min());
      self.request({"bad-silent"}, payload{"x"}, std::chrono::milliseconds::max(), [](auto) {});
      self.reply_text(std::move(m), std::to_string(self.timers));
    };
  });
  n.send({"bad"}, "x", "me");
  net.advance(1s);
  n.send({"bad"}, "x", "me");
  ASSERT_EQ(got->size(), 2u);
  EXPECT_EQ(got->back()->text(), "1") << "the one that was due at once";
}

TEST_P(misuse, of_the_last_moment_reaches_no_other_life) {
  int lives = 0, outcomes = 0;
  std::vector<int> timers;
  scripted* now = nullptr;
  start([&](scripted& w) {
    ++lives;
    now = &w;
    w.at_message = [](scripted&, message_ptr) { throw std::runtime_error{"as told"}; };
    w.at_stop = [&](scripted& self) {
      self.set_timer(1ms);
      self.request({"echo"}, payload{"x"}, 1s, [&](auto) { ++outcomes; });
      self.compute_reply(make_message({"bad"}, address{"me"}, payload{}), [](message&) { return std::optional<result<payload>>{payload{"computed"}}; });
      self.stop();
    };
  });
  n.send({"bad"}, "x");
  net.advance(1s);
  EXPECT_EQ(lives, 2);
  EXPECT_EQ(now->timers, 0);
  EXPECT_EQ(outcomes, 0);
  ASSERT_TRUE(n.workers().stop(address{"bad"}));
  net.advance(1s);
  EXPECT_EQ(outcomes, 0);
  EXPECT_TRUE(echo_answers());
}

class misuse_on_the_pool : public misuse {};
INSTANTIATE_TEST_SUITE_P(threads, misuse_on_the_pool, testing::Values(worker_thread::pool));

TEST_P(misuse_on_the_pool, of_another_thread_does_nothing_there_and_is_the_error_of_the_worker) {
  const std::vector<std::pair<const char*, scripted::act>> ways{
    {"reply", [](auto& w, message_ptr m) { w.reply(std::move(m)); }},
    {"reply", [](auto& w, message_ptr m) { w.reply(std::move(m), payload{"x"}); }},
    {"reply", [](auto& w, message_ptr m) { w.reply_text(std::move(m), "x"); }},
    {"reply_from_budget", [](auto& w, message_ptr m) { w.reply_from_budget(std::move(m)); }},
    {"reply_error", [](auto& w, message_ptr m) { w.reply_error(std::move(m), "x"); }},
    {"compute_reply", [](auto& w, message_ptr m) { w.compute_reply(std::move(m), [](message&) { return std::optional<result<payload>>{payload{}}; }); }},
    {"forward", [](auto& w, message_ptr m) { w.forward(std::move(m)); }},
    {"deliver", [](auto& w, message_ptr m) { w.deliver(std::move(m)); }},
    {"drop", [](auto& w, message_ptr m) { w.drop(std::move(m), drop_reason::service_error); }},
    {"send", [](auto& w, message_ptr) { w.send({"me"}, payload{"x"}); }},
    {"request", [](auto& w, message_ptr) { w.request({"echo"}, payload{"x"}, 1s, [](auto) {}); }},
    {"set_timer", [](auto& w, message_ptr) { EXPECT_EQ(w.set_timer(1ms), 0u); }},
    {"cancel_timer", [](auto& w, message_ptr) { w.cancel_timer(1); }},
    {"my_postbox", [](auto& w, message_ptr) { EXPECT_FALSE(w.my_postbox().post([] {})); }},
    {"stop", [](auto& w, message_ptr) { w.stop(); }},
  };
  scripted::act act;
  start([&](scripted& w) {
    w.at_message = [&](scripted& self, message_ptr m) { std::thread{[&] { act(self, std::move(m)); }}.join(); };
  });
  std::uint64_t before = 0;
  for (const auto& [what, how] : ways) {
    SCOPED_TRACE(what);
    act = how;
    n.send({"bad"}, "x", "me");
    net.advance(1min);
    EXPECT_EQ(failures(), ++before);
    EXPECT_TRUE(got->empty());
  }
  EXPECT_TRUE(echo_answers());
}

TEST_P(misuse, of_a_factory_that_makes_nothing_is_a_start_that_fails) {
  n.reactor().post([&] {
    worker_options o;
    o.type = "test";
    o.thread = GetParam();
    n.workers().start(address{"none"}, [] { return result<std::unique_ptr<worker>>{nullptr}; }, o, [&](result<void> r) { started = std::move(r); });
  });
  net.run();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().cause.find("its factory made none"), std::string::npos) << started.error().cause;
  EXPECT_FALSE(n.board().find(address{"none"}));
}

TEST(misuse_of_types, is_told_by_a_check_as_by_a_start) {
  service_type t;
  t.name = "none";
  EXPECT_EQ(check_service(t, {}).error().cause, "the service type none has no function that makes a worker");
  t.make = [](const service_options&) { return result<std::unique_ptr<worker>>{nullptr}; };
  EXPECT_EQ(check_service(t, {}).error().cause, "its factory made none");
  t.make = [](const service_options&) -> result<std::unique_ptr<worker>> { throw 42; };
  EXPECT_EQ(check_service(t, {}).error().cause, "an exception of unknown type");
}

} // namespace
} // namespace ockam::sim
