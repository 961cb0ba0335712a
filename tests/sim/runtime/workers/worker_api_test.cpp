// SPDX-License-Identifier: Apache-2.0
// What a service may do through the public API, the same on the socket thread and on the pool.
#include "runtime/workers/worker.hpp"

#include "runtime/workers/worker_host.hpp"
#include "runtime/workers/service_type.hpp"
#include "sim/support/node.hpp"

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/scheduled_actor.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

/// Does what a test says, with the members that are protected.
class scripted final : public worker {
 public:
  using worker::cancel_timer, worker::counter, worker::my_postbox, worker::reply_error, worker::reply_text,
    worker::request, worker::self, worker::send, worker::set_timer, worker::stop;

  std::function<void(scripted&)> at_start, at_stop;
  std::function<void(scripted&, message_ptr)> at_message;
  std::function<void(scripted&, std::uint64_t)> at_timer;

  void on_start() override {
    if (at_start)
      at_start(*this);
  }
  void on_message(message_ptr m) override { at_message(*this, std::move(m)); }
  void on_timer(std::uint64_t n) override { at_timer(*this, n); }
  void on_stop() noexcept override {
    if (at_stop)
      at_stop(*this);
  }
};

class worker_api : public testing::TestWithParam<worker_thread> {
 protected:
  using make = std::function<void(scripted&)>;

  worker_options options() const {
    worker_options o;
    o.type = "test";
    o.thread = GetParam();
    return o;
  }

  /// Starts workers that `prepare` fills in.
  result<void> start(const std::string& at, make prepare, std::optional<worker_options> o = {}) {
    result<void> outcome = error{errc::internal, "the start has not ended", {}};
    auto factory = [prepare]() -> result<std::unique_ptr<worker>> {
      auto w = std::make_unique<scripted>();
      prepare(*w);
      return std::unique_ptr<worker>{std::move(w)};
    };
    n.reactor().post([&] {
      n.workers().start(address{at}, factory, o.value_or(options()), [&](result<void> r) { outcome = std::move(r); });
    });
    net.run();
    return outcome;
  }

  /// A worker on the socket thread that keeps what it gets.
  std::vector<message_ptr>& box(const std::string& at) {
    auto w = std::make_unique<mailbox>();
    auto& got = w->got;
    n.start(at, std::move(w));
    return got;
  }

  network net;
  node n{net};
};

INSTANTIATE_TEST_SUITE_P(threads, worker_api, testing::Values(worker_thread::socket, worker_thread::pool),
                         [](const auto& which) { return which.param == worker_thread::pool ? "pool" : "socket"; });

TEST_P(worker_api, answers_with_text_and_knows_who_asked) {
  auto& got = box("me");
  std::string seen;
  ASSERT_TRUE(start("greeter", [&](scripted& w) {
    w.at_message = [&](scripted& self, message_ptr m) {
      seen = to_string(m->return_route()) + (m->is_local() ? " local" : " remote") + (m->identity() ? " known" : "");
      auto text = "Hello " + std::string{m->text().value_or("?")};
      self.reply_text(std::move(m), text);
    };
  }));
  n.send({"greeter"}, "\x03" "Ann", "me");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]->text(), "Hello Ann");
  EXPECT_EQ(got[0]->return_route(), route{"greeter"});
  EXPECT_EQ(seen, "0#me local");
}

TEST_P(worker_api, awaits_a_reply_and_keeps_the_question_meanwhile) {
  auto& got = box("me");
  ASSERT_TRUE(start("requester", [&](scripted& w) {
    w.at_message = [](scripted& self, message_ptr m) {
      auto body = payload{m->bytes()};
      self.request({"hop", "uppercase"}, std::move(body), 1s, [&self, m = std::move(m)](result<message_ptr> r) mutable {
        self.reply_text(std::move(m), r ? "it said " + std::string{*(*r)->text()} : r.error().cause);
      });
    };
  }));
  n.send({"requester"}, "\x02" "ab", "me");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]->text(), "it said AB");
}

/// Does nothing with what it gets.
void be_silent(scripted& w) {
  w.at_message = [](scripted&, message_ptr) {};
}

TEST_P(worker_api, a_request_without_a_reply_ends_at_its_deadline) {
  ASSERT_TRUE(start("silent", be_silent));
  std::vector<errc> outcomes;
  ASSERT_TRUE(start("requester", [&](scripted& w) {
    w.at_start = [&](scripted& self) {
      self.request({"silent"}, {}, 500ms, [&](result<message_ptr> r) { outcomes.push_back(r.error().code); });
    };
  }));
  net.advance(499ms);
  EXPECT_TRUE(outcomes.empty());
  net.advance(1ms);
  EXPECT_EQ(outcomes, std::vector{errc::timed_out});
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_P(worker_api, a_request_to_nobody_or_to_one_that_fails_ends_at_once) {
  ASSERT_TRUE(start("broken", [](scripted& w) {
    w.at_message = [](scripted&, message_ptr) { throw std::runtime_error{"no disk"}; };
  }));
  ASSERT_TRUE(start("unwilling", [](scripted& w) {
    w.at_message = [](scripted& self, message_ptr m) { self.reply_error(std::move(m), "not today"); };
  }));
  std::vector<std::string> outcomes;
  ASSERT_TRUE(start("requester", [&](scripted& w) {
    w.at_start = [&](scripted& self) {
      for (const char* to : {"nobody", "broken", "unwilling"})
        self.request({to}, {}, 1h, [&](result<message_ptr> r) { outcomes.push_back(r.error().cause); });
    };
  }));
  std::sort(outcomes.begin(), outcomes.end());
  EXPECT_EQ(outcomes, (std::vector<std::string>{"the service at 0#broken on node n1 failed",
                                                "the service at 0#unwilling on node n1 answered with an error: not today",
                                                "there is no worker at 0#nobody on node n1"}));
  EXPECT_FALSE(n.board().find(address{"broken"}));
  EXPECT_EQ(n.workers().show(address{"unwilling"})->failed, 1u);
}

TEST_P(worker_api, timers_fire_once_unless_cancelled) {
  std::vector<std::uint64_t> fired;
  std::uint64_t first = 0, second = 0;
  ASSERT_TRUE(start("clock", [&](scripted& w) {
    w.at_start = [&](scripted& self) {
      first = self.set_timer(100ms);
      second = self.set_timer(100ms);
      self.cancel_timer(second);
    };
    w.at_timer = [&](scripted&, std::uint64_t t) { fired.push_back(t); };
  }));
  net.advance(99ms);
  EXPECT_TRUE(fired.empty());
  net.advance(10s);
  EXPECT_EQ(fired, std::vector{first});
}

TEST_P(worker_api, timers_may_be_far) {
  int fired = 0;
  ASSERT_TRUE(start("clock", [&](scripted& w) {
    w.at_start = [&](scripted& self) { self.set_timer(1h); };
    w.at_timer = [&](scripted&, std::uint64_t) { ++fired; };
  }));
  net.advance(1h - 1ms);
  EXPECT_EQ(fired, 0);
  net.advance(1ms);
  EXPECT_EQ(fired, 1);
}

TEST_P(worker_api, a_timer_under_way_does_not_keep_an_ended_worker_for_long) {
  caf::actor_addr actor;
  ASSERT_TRUE(start("clock", [&](scripted& w) {
    w.at_start = [&](scripted& self) {
      actor = worker_host::of(self).actor().address();
      self.set_timer(24h * 365);
    };
  }));
  n.reactor().post([&] { EXPECT_TRUE(n.workers().stop(address{"clock"})); });
  net.advance(1min);
  EXPECT_FALSE(caf::actor_cast<caf::strong_actor_ptr>(actor));
}

TEST_P(worker_api, what_throws_while_it_starts_leaves_nothing) {
  auto bad = start("bad", [](scripted& w) { w.at_start = [](scripted&) { throw std::runtime_error{"no licence"}; }; });
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, errc::service_failed);
  EXPECT_EQ(bad.error().cause, "the worker at 0#bad did not start: no licence");
  EXPECT_FALSE(n.board().find(address{"bad"}));
  auto worse = start("bad", [](scripted&) { throw std::runtime_error{"in the constructor"}; });
  ASSERT_FALSE(worse);
  EXPECT_EQ(worse.error().cause, "the worker at 0#bad did not start: in the constructor");
  auto taken = start("echo", be_silent);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, errc::already_exists);
  EXPECT_TRUE(start("bad", be_silent));
}

TEST_P(worker_api, a_handler_that_throws_ends_its_worker_only_and_the_sender_is_told) {
  auto& got = box("me");
  int stops = 0;
  ASSERT_TRUE(start("bad", [&](scripted& w) {
    w.at_message = [](scripted&, message_ptr) { throw std::runtime_error{"oops"}; };
    w.at_stop = [&](scripted&) { ++stops; };
  }));
  n.send({"bad"}, "x", "me", true);
  ASSERT_EQ(got.size(), 1u);
  ASSERT_TRUE(got[0]->header.get_report());
  EXPECT_EQ(got[0]->header.get_report()->reason, drop_reason::worker_failed);
  EXPECT_EQ(got[0]->header.get_report()->hop, address{"bad"});
  EXPECT_FALSE(n.board().find(address{"bad"}));
  EXPECT_EQ(stops, 1);
  n.send({"echo"}, "x", "me");
  EXPECT_EQ(got.size(), 2u);
}

TEST_P(worker_api, is_made_anew_at_once_and_then_after_growing_delays) {
  auto& got = box("me");
  int made = 0;
  auto o = options();
  o.restart = restart_policy::on_failure;
  ASSERT_TRUE(start("flaky", [&](scripted& w) {
    ++made;
    w.at_message = [](scripted& self, message_ptr m) {
      if (m->text() == "die")
        throw std::runtime_error{"as told"};
      self.reply_text(std::move(m), "alive");
    };
  }, o));
  n.send({"flaky"}, "\x03" "die", "me");
  EXPECT_EQ(made, 2);
  n.send({"flaky"}, "\x01" "x", "me");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]->text(), "alive");
  n.send({"flaky"}, "\x03" "die", "me"); // again: now after 100 ms
  EXPECT_EQ(made, 2);
  n.send({"flaky"}, "\x01" "x", "me", true);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[1]->header.get_report()->detail, "it failed and is being started again");
  net.advance(100ms);
  EXPECT_EQ(made, 3);
  auto shown = n.workers().show(address{"flaky"});
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->restarts, 2u);
  EXPECT_EQ(shown->failed, 2u);
}

TEST_P(worker_api, only_always_brings_back_what_stopped_itself) {
  for (auto policy : {restart_policy::on_failure, restart_policy::always}) {
    auto name = std::string{to_string(policy)};
    auto o = options();
    o.restart = policy;
    ASSERT_TRUE(start(name, [](scripted& w) { w.at_message = [](scripted& self, message_ptr) { self.stop(); }; }, o));
    n.send({name}, "x");
    net.advance(1s);
    EXPECT_EQ(n.board().find(address{name}) != nullptr, policy == restart_policy::always);
  }
}

TEST_P(worker_api, counts_in_its_own_words_over_restarts) {
  auto o = options();
  o.restart = restart_policy::always;
  ASSERT_TRUE(start("counting", [](scripted& w) {
    w.at_message = [](scripted& self, message_ptr) {
      ++self.counter("seen");
      self.counter("keys") = 7;
      self.stop();
    };
  }, o));
  n.send({"counting"}, "x");
  n.send({"counting"}, "x");
  auto shown = n.workers().show(address{"counting"});
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->counters, (std::map<std::string, std::uint64_t>{{"keys", 7}, {"seen", 2}}));
  EXPECT_EQ(shown->messages_in, 2u);
  EXPECT_EQ(shown->queued, 0u);
  EXPECT_GE(shown->measured, 1u);
}

TEST_P(worker_api, tasks_of_other_threads_run_as_long_as_the_worker_lives) {
  std::optional<postbox> door;
  int ran = 0;
  ASSERT_TRUE(start("open", [&](scripted& w) {
    be_silent(w);
    w.at_start = [&](scripted& self) { door = self.my_postbox(); };
  }));
  EXPECT_TRUE(door->post([&, owned = std::make_unique<int>(1)] { ran += *owned; }));
  EXPECT_EQ(ran, 0);
  net.run();
  EXPECT_EQ(ran, 1);
  EXPECT_TRUE(door->post([&] { ++ran; }));
  ASSERT_TRUE(n.workers().stop(address{"open"})); // it may still run, or not; never after the end
  net.run();
  auto before = ran;
  EXPECT_FALSE(door->post([&] { ++ran; }));
  net.run();
  EXPECT_EQ(ran, before);
}

TEST_P(worker_api, in_a_constructor_there_is_no_address_yet) {
  auto early = start("early", [](scripted& w) { (void)w.self(); });
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().cause, "the worker at 0#early did not start: a worker has no address in its constructor: do this in on_start");
}

class instances : public worker_api {};
INSTANTIATE_TEST_SUITE_P(threads, instances, testing::Values(worker_thread::pool));

TEST_P(instances, share_messages_by_turns_or_by_sender) {
  for (auto d : {distribution::round_robin, distribution::key}) {
    std::string at = d == distribution::key ? "key" : "round-robin";
    auto& got = box("got-" + at);
    auto o = options();
    o.instances = 3;
    o.distribution = d;
    int next = 0;
    ASSERT_TRUE(start(at, [&](scripted& w) {
      w.at_message = [number = next++](scripted& self, message_ptr m) { self.reply_text(std::move(m), std::to_string(number)); };
    }, o));
    EXPECT_EQ(n.workers().show(address{at})->instances, 3u);
    for (int i = 0; i < 6; ++i)
      n.send({at}, "x", "got-" + at);
    ASSERT_EQ(got.size(), 6u);
    std::map<std::string, int> shares;
    for (auto& m : got)
      ++shares[std::string{*m->text()}];
    EXPECT_EQ(shares.size(), d == distribution::round_robin ? 3u : 1u);
  }
}

TEST_P(instances, live_on_without_the_one_that_failed) {
  auto& got = box("me");
  auto o = options();
  o.instances = 2;
  ASSERT_TRUE(start("pair", [&](scripted& w) {
    w.at_message = [](scripted& self, message_ptr m) {
      if (m->text() == "die")
        throw std::runtime_error{"as told"};
      self.reply_text(std::move(m), "alive");
    };
  }, o));
  n.send({"pair"}, "\x03" "die", "me");
  for (int i = 0; i < 4; ++i)
    n.send({"pair"}, "\x01" "x", "me");
  EXPECT_EQ(got.size(), 4u);
  EXPECT_EQ(n.workers().show(address{"pair"})->instances, 1u);
  n.send({"pair"}, "\x03" "die", "me");
  EXPECT_FALSE(n.board().find(address{"pair"}));
}

TEST_P(instances, start_together_or_not_at_all) {
  auto o = options();
  o.instances = 3;
  int made = 0, stopped = 0;
  auto r = start("three", [&](scripted& w) {
    w.at_stop = [&](scripted&) { ++stopped; };
    if (++made == 2)
      throw std::runtime_error{"one too many"};
  }, o);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().cause, "the worker at 0#three did not start: one too many");
  EXPECT_FALSE(n.board().find(address{"three"}));
  EXPECT_EQ(stopped, made - 1);
}

} // namespace
} // namespace ockam::sim
