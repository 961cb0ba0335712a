// SPDX-License-Identifier: Apache-2.0
// Back-pressure before loss: a slow destination slows those that send to it, and no others; a dead one costs
// them `stall` once; nothing that must be whole gets a hole; what a peer sent before it closed counts.
#include "sim/support/node.hpp"
#include "sim/support/talker.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t one_read = 256u << 10;

class back_pressure : public testing::Test {
 protected:
  back_pressure() { n1.start("hop"); }

  /// A peer whose link the others send to; it takes `window` bytes at a time.
  std::unique_ptr<talker> destination(std::size_t window) {
    auto t = std::make_unique<talker>(net, at);
    net.run();
    t->take();
    for (const auto& l : n1.tcp().links())
      if (known.insert(l.worker_address).second)
        last = address{l.worker_address};
    t->end.window(window);
    return t;
  }
  std::uint64_t dropped() {
    std::uint64_t n = 0;
    for (std::size_t i = 1; i < drop_reason_count; ++i)
      n += n1.board().dropped()[static_cast<drop_reason>(i)];
    return n;
  }
  void expect_numbered(const talker& t, std::size_t count, std::size_t size) {
    ASSERT_EQ(t.frames.size(), count);
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_EQ(t.frames[i].body, numbered(i, size));
  }

  network net;
  node n1{net};
  std::string at = n1.listen();
  std::set<std::string> known;
  address last; ///< of the link of the destination that was made last
};

//   sender ══ n1: hop ══ slow
TEST_F(back_pressure, a_slow_reader_behind_a_hop_slows_its_writer_and_loses_nothing) {
  auto slow = destination(64u << 10);
  auto to = last;
  talker sender{net, at};
  constexpr std::size_t count = 400, size = 64u << 10; // 26 MB
  for (std::size_t i = 0; i < count; ++i)
    sender.end.send(frame({"hop", to, "sink"}, {"me"}, numbered(i, size)));
  std::size_t most = 0;
  for (int i = 0; i < 2'000 && slow->frames.size() < count; ++i) {
    net.advance(3ms); // 20 MB/s
    slow->take();
    most = std::max(most, n1.budget().used());
  }
  expect_numbered(*slow, count, size);
  EXPECT_EQ(dropped(), 0u);
  EXPECT_LE(most, limits{}.link_budget + one_read);
}

TEST_F(back_pressure, others_on_the_same_listener_do_not_notice) {
  auto slow = destination(4u << 10);
  auto to = last;
  talker sender{net, at}, other{net, at};
  for (std::size_t i = 0; i < 100; ++i)
    sender.end.send(frame({"hop", to, "sink"}, {"me"}, numbered(i, 64u << 10)));
  net.run();
  other.end.send(frame({"echo"}, {"me"}, "at once"));
  other.drain();
  ASSERT_EQ(other.frames.size(), 1u);
}

TEST_F(back_pressure, a_dead_destination_costs_its_writer_the_stall_once) {
  auto dead = destination(0);
  auto to = last;
  talker sender{net, at};
  for (std::size_t i = 0; i < 100; ++i)
    sender.end.send(frame({"hop", to, "sink"}, {"me" + std::to_string(i)}, numbered(i, 64u << 10)));
  sender.end.send(frame({"echo"}, {"me"}, "behind it"));
  net.advance(1'500ms);
  sender.take();
  EXPECT_TRUE(sender.frames.empty()) << "it is held up";
  net.advance(2'500ms);
  sender.drain();
  ASSERT_EQ(sender.frames.size(), 1u);
  // From now on what is for it is dropped at once, and holds nobody up.
  for (std::size_t i = 0; i < 100; ++i)
    sender.end.send(frame({"hop", to, "sink"}, {"you" + std::to_string(i)}, numbered(i, 64u << 10)));
  sender.end.send(frame({"echo"}, {"me"}, "again"));
  sender.drain();
  ASSERT_EQ(sender.frames.size(), 2u);
}

/// Linux calls a socket writable when a third of its buffer is free, and takes what fits before that as well.
TEST_F(back_pressure, room_that_the_system_does_not_tell_of_makes_a_dead_destination_no_living_one) {
  auto dead = destination(0);
  dead->end.tells_of_room_from(64u << 10);
  auto to = last;
  talker sender{net, at};
  for (std::size_t i = 0; i < 100; ++i)
    sender.end.send(frame({"hop", to, "sink"}, {"me" + std::to_string(i)}, numbered(i, 64u << 10)));
  sender.end.send(frame({"echo"}, {"me"}, "behind it"));
  net.advance(50ms);
  dead->end.window(1'000);
  net.advance(2'700ms);
  sender.drain();
  EXPECT_EQ(sender.frames.size(), 1u) << "it costs its writer the stall twice";
}

TEST_F(back_pressure, a_destination_that_reads_again_after_a_stall_gets_messages_again) {
  auto dead = destination(0);
  auto to = last;
  talker sender{net, at};
  for (std::size_t i = 0; i < 50; ++i)
    sender.end.send(frame({"hop", to, "sink"}, {"me" + std::to_string(i)}, numbered(i, 64u << 10)));
  net.advance(4s);
  dead->end.window(1u << 20);
  net.run();
  dead->drain();
  auto before = dead->frames.size();
  sender.end.send(frame({"hop", to, "sink"}, {"new"}, "hello"));
  net.run();
  dead->drain();
  ASSERT_EQ(dead->frames.size(), before + 1);
  EXPECT_EQ(dead->frames.back().body, "hello");
}

TEST_F(back_pressure, a_trickle_holds_a_shared_source_for_ten_seconds_at_most) {
  auto trickle = destination(512);
  auto to = last;
  talker sender{net, at};
  for (std::size_t i = 0; i < 100; ++i)
    sender.end.send(frame({"hop", to, "sink"}, {"me" + std::to_string(i)}, numbered(i, 64u << 10)));
  sender.end.send(frame({"echo"}, {"me"}, "behind it"));
  int seconds = 0;
  for (; seconds < 60 && sender.frames.empty(); ++seconds) {
    net.advance(1s);
    trickle->take(); // 512 bytes a second
    sender.take();
  }
  ASSERT_EQ(sender.frames.size(), 1u);
  EXPECT_GE(seconds, 9);
  EXPECT_LE(seconds, 16);
}

TEST_F(back_pressure, a_ping_does_not_wait_behind_the_bulk_of_others) {
  auto slow = destination(64u << 10);
  auto to = last;
  talker bulk{net, at}, pinging{net, at};
  for (std::size_t i = 0; i < 100; ++i)
    bulk.end.send(frame({"hop", to, "sink"}, {"bulk"}, numbered(i, 64u << 10)));
  net.run();
  pinging.end.send(frame({"hop", to, "sink"}, {"ping"}, "ping"));
  net.run();
  std::size_t before = 0;
  while (slow->frames.empty() || slow->frames.back().body != "ping") {
    slow->take();
    net.run();
    before = slow->frames.size();
    ASSERT_LT(before, 101u);
  }
  EXPECT_LE(before, 12u) << "what was encoded already, and a turn or two";
}

//   a real node ══ n1: hop ══ …
TEST_F(back_pressure, a_flow_of_another_implementation_has_no_hole) {
  auto dead = destination(0);
  auto to = last;
  talker sender{net, at};
  for (std::size_t i = 0; i < 100; ++i)
    sender.end.send(foreign_frame({"hop", to, "outlet"}, {"portal"}, numbered(i, 64u << 10)));
  net.advance(5s); // the stall, and what follows it
  dead->end.window(1u << 20);
  for (int i = 0; i < 100; ++i) {
    net.advance(10ms);
    dead->take();
  }
  for (std::size_t i = 100; i < 110; ++i)
    sender.end.send(foreign_frame({"hop", to, "outlet"}, {"portal"}, numbered(i, 1'000)));
  net.run();
  dead->drain();
  for (std::size_t i = 0; i < dead->frames.size(); ++i)
    ASSERT_EQ(dead->frames[i].body, numbered(i, 64u << 10)) << "a prefix, and nothing behind it";
  EXPECT_GT(n1.board().dropped()[drop_reason::stream_broken], 0u);
  // Another flow is whole.
  sender.end.send(foreign_frame({"hop", to, "outlet"}, {"other"}, "mine"));
  net.run();
  dead->drain();
  EXPECT_EQ(dead->frames.back().body, "mine");
}

TEST_F(back_pressure, what_a_peer_sent_before_it_closed_is_read_and_answered) {
  auto sink = std::make_unique<mailbox>();
  auto& got = sink->got;
  n1.start("sink", std::move(sink));
  talker t{net, at};
  net.run();
  t.take();
  t.end.window(0); // replies wait, and the link with them
  for (std::size_t i = 0; i < 100; ++i)
    t.end.send(frame({"echo"}, {"me"}, numbered(i, 16u << 10)));
  for (int i = 0; i < 200; ++i)
    t.end.send(frame({"sink"}, {"me"}, "one way"));
  net.run();
  EXPECT_LT(got.size(), 200u) << "it is paused";
  t.end.finish();
  net.advance(1s);
  t.end.window(8u << 20);
  for (int i = 0; i < 40 && !t.end.closed_by_peer(); ++i) {
    net.advance(50ms);
    t.take();
  }
  t.take();
  EXPECT_EQ(got.size(), 200u);
  expect_numbered(t, 100, 16u << 10);
  EXPECT_EQ(dropped(), 0u);
  EXPECT_EQ(n1.connections(), 0u);
  got.clear();
}

/// Says goodbye.
class polite final : public worker {
 public:
  void on_message(message_ptr m) override { reply(std::move(m)); }
  void on_stop() noexcept override { send({"log"}, text_payload("goodbye")); }
};

TEST_F(back_pressure, what_on_stop_sends_goes_out_at_once) {
  auto log = std::make_unique<mailbox>();
  auto& got = log->got;
  n1.start("log", std::move(log));
  for (auto thread : {worker_thread::socket, worker_thread::pool}) {
    n1.start("polite", std::make_unique<polite>(), thread);
    n1.reactor().post([&] { EXPECT_TRUE(n1.workers().stop(address{"polite"})); });
    net.run();
    ASSERT_EQ(got.size(), 1u);
    got.clear();
  }
}

TEST_F(back_pressure, a_burst_to_a_worker_on_the_pool_is_answered_whole) {
  n1.start("pool-echo", std::make_unique<polite>(), worker_thread::pool);
  n1.start("log", std::make_unique<mailbox>());
  talker t{net, at};
  constexpr std::size_t count = 5'000;
  std::string burst;
  for (std::size_t i = 0; i < count; ++i)
    burst += frame({"pool-echo"}, {"me"}, numbered(i, 10));
  t.end.send(burst);
  t.drain();
  expect_numbered(t, count, 10);
  EXPECT_EQ(dropped(), 0u);
}

} // namespace
} // namespace ockam::sim
