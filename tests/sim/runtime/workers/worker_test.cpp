// SPDX-License-Identifier: Apache-2.0
// Workers under their CAF actors: where they run, in which order they are served, how they die.
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

/// Dies at the message "die"; otherwise a hop with a diary.
class mortal final : public worker {
 public:
  explicit mortal(std::vector<std::string>& diary) : diary_{diary} {}
  void on_start() override { diary_.emplace_back("start"); }
  void on_message(message_ptr m) override {
    diary_.emplace_back(m->body.text());
    if (m->body.text() == "die")
      throw std::runtime_error{"told to"};
    if (m->body.text() == "stop")
      stop();
  }
  void on_timer(std::uint64_t) override {
    diary_.emplace_back("timer");
    throw std::runtime_error{"time is up"};
  }
  void on_stop() noexcept override { diary_.emplace_back("stopped"); }
  void arm(std::chrono::milliseconds d) { set_timer(d); }

 private:
  std::vector<std::string>& diary_;
};

class workers_on : public testing::TestWithParam<worker_thread> {
 protected:
  void start(const std::string& name) { n1.start(name, std::make_unique<mortal>(diary), GetParam()); }

  network net;
  std::vector<std::string> diary;
  node n1{net};
};

INSTANTIATE_TEST_SUITE_P(both, workers_on, testing::Values(worker_thread::socket, worker_thread::pool),
                         [](auto& i) { return i.param == worker_thread::pool ? "pool" : "socket"; });

TEST_P(workers_on, messages_arrive_in_order) {
  start("w");
  for (auto* text : {"1", "2", "3"})
    n1.send({"w"}, text);
  EXPECT_EQ(diary, (std::vector<std::string>{"start", "1", "2", "3"}));
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_P(workers_on, one_that_throws_dies_alone_and_its_name_is_free) {
  start("w");
  start("other");
  diary.clear();
  n1.send({"w"}, "die");
  EXPECT_EQ(diary, (std::vector<std::string>{"die", "stopped"}));
  EXPECT_EQ(n1.board().find(address{"w"}), nullptr);
  n1.send({"other"}, "alive");
  EXPECT_EQ(diary.back(), "alive");
  n1.send({"w"}, "nobody");
  EXPECT_EQ(n1.board().dropped()[drop_reason::unknown_worker], 1u);
  start("w");
  n1.send({"w"}, "again");
  EXPECT_EQ(diary.back(), "again");
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_P(workers_on, one_that_stops_itself_gets_no_more) {
  start("w");
  n1.send({"w"}, "stop");
  n1.send({"w"}, "late");
  EXPECT_EQ(diary, (std::vector<std::string>{"start", "stop", "stopped"}));
  EXPECT_EQ(n1.board().find(address{"w"}), nullptr);
}

TEST_P(workers_on, the_outside_stops_one_and_what_it_had_still_counts) {
  start("w");
  ASSERT_TRUE(n1.workers().stop(address{"w"}));
  EXPECT_EQ(n1.board().find(address{"w"}), nullptr) << "free at once";
  net.run();
  EXPECT_EQ(diary.back(), "stopped");
  EXPECT_FALSE(n1.workers().stop(address{"w"}));
}

TEST_P(workers_on, a_name_is_taken_once) {
  start("w");
  worker_options o;
  o.type = "test";
  o.thread = GetParam();
  auto again = n1.workers().start(address{"w"}, std::make_unique<mortal>(diary), std::move(o));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::already_exists);
  net.run();
  n1.send({"w"}, "the first");
  EXPECT_EQ(diary.back(), "the first");
}

TEST_P(workers_on, a_timer_that_throws_ends_its_worker) {
  class alarm final : public worker {
   public:
    explicit alarm(int& rung) : rung_{rung} {}
    void on_start() override { set_timer(2s); }
    void on_message(message_ptr) override {}
    void on_timer(std::uint64_t) override {
      ++rung_;
      throw std::runtime_error{"time is up"};
    }
    int& rung_;
  };
  int rung = 0;
  n1.start("alarm", std::make_unique<alarm>(rung), GetParam());
  net.advance(1'900ms);
  EXPECT_EQ(rung, 0);
  net.advance(200ms);
  EXPECT_EQ(rung, 1);
  EXPECT_EQ(n1.board().find(address{"alarm"}), nullptr);
  net.advance(10s);
  EXPECT_EQ(rung, 1);
}

TEST_P(workers_on, one_that_cannot_start_leaves_nothing) {
  class unwilling final : public worker {
    void on_start() override { throw std::runtime_error{"no"}; }
    void on_message(message_ptr) override {}
  };
  worker_options o;
  o.type = "test";
  o.thread = GetParam();
  auto started = n1.workers().start(address{"u"}, std::make_unique<unwilling>(), std::move(o));
  net.run();
  EXPECT_EQ(started ? GetParam() : worker_thread::socket, GetParam()); // on the socket thread it says so at once
  EXPECT_EQ(n1.board().find(address{"u"}), nullptr);
}

TEST_P(workers_on, a_flood_to_one_name_does_not_take_the_node) {
  // A peer's messages to a worker beyond a quarter of its budget wait nowhere on the pool: dropped, counted.
  auto at = n1.listen();
  start("w");
  auto peer = net.dial(at);
  peer.send(preamble);
  for (int i = 0; i < 100; ++i)
    peer.send(frame({"w"}, {"me"}, std::string(20'000, 'x')));
  net.run();
  EXPECT_EQ(diary.size() - 1 + n1.board().dropped()[drop_reason::congested], 100u);
  EXPECT_EQ(n1.budget().used(), 0u);
}

/// A hop on the pool.
class pool_hop final : public worker {
  void on_message(message_ptr m) override { forward(std::move(m)); }
};

//   n1: test ─▶ p1 (pool) ─▶ hop ─▶ p2 (pool) ─▶ box
TEST(workers_order, one_sender_and_one_path_keep_their_order_over_threads) {
  network net;
  node n1{net};
  n1.start("p1", std::make_unique<pool_hop>(), worker_thread::pool);
  n1.start("p2", std::make_unique<pool_hop>(), worker_thread::pool);
  auto box = std::make_unique<mailbox>();
  auto& got = box->got;
  n1.start("box", std::move(box));
  constexpr int count = 3'000;
  for (int i = 0; i < count; ++i)
    n1.reactor().post([&n1, i] {
      auto text = std::to_string(i);
      n1.board().deliver(make_message({"p1", "hop", "p2", "box"}, address{"me"}, payload{std::as_bytes(std::span{text})}));
    });
  net.run();
  ASSERT_EQ(got.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(got[static_cast<std::size_t>(i)]->body.text(), std::to_string(i));
  EXPECT_EQ(got[0]->header.return_route(), (route{"p2", "hop", "p1", "me"}));
}

TEST(workers_order, what_a_pool_worker_had_when_it_died_is_counted_as_lost) {
  network net;
  node n1{net};
  std::vector<std::string> diary;
  n1.start("w", std::make_unique<mortal>(diary), worker_thread::pool);
  for (auto* text : {"die", "lost", "lost"})
    n1.reactor().post([&n1, text] {
      n1.board().deliver(make_message({"w"}, address{"me"}, payload{std::as_bytes(std::span{std::string_view{text}})}));
    });
  net.run();
  EXPECT_EQ(n1.lost() + n1.board().dropped()[drop_reason::unknown_worker], 3u); // with the one that it died of
}

} // namespace
} // namespace ockam::sim
