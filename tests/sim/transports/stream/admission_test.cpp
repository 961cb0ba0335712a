// SPDX-License-Identifier: Apache-2.0
// What links may take in before it is a message of the node: read buffers, frames that are not whole
// (docs/architecture.md, Memory and credit).
#include "sim/support/node.hpp"
#include "sim/support/talker.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

class admission : public testing::Test {
 protected:
  /// The most that was charged at any time from now on.
  void watch(node& n) {
    net.observe([this, &n] { peak = std::max(peak, n.budget().used()); });
  }
  ~admission() override { net.observe(nullptr); }
  network net;
  std::size_t peak = 0;
};

/// Keeps what it gets.
struct hoarder final : worker {
  std::vector<message_ptr> all;
  void on_message(message_ptr m) override { all.push_back(std::move(m)); }
};

//   100 strangers ══ n1: hoarder. A frame of 12 bytes becomes some 50 times as much.
TEST_F(admission, tiny_frames_are_charged_before_they_become_messages) {
  limits small;
  small.node_budget = 4u << 20;
  node n1{net, "n1", small};
  n1.start("x", std::make_unique<hoarder>());
  auto at = n1.listen();
  auto tiny = frame({"x"}, {}, "");
  std::string much;
  while (much.size() < (64u << 10))
    much += tiny;
  std::vector<client> strangers;
  watch(n1);
  for (int i = 0; i < 100; ++i) {
    strangers.push_back(net.dial(at));
    strangers.back().send(preamble);
    strangers.back().send(much);
  }
  net.run();
  EXPECT_GT(peak, 3u << 20) << "as much as there is comes in";
  constexpr std::size_t unread_of_each = 16u << 10;
  EXPECT_LE(peak, small.node_budget + 100 * unread_of_each);
}

//   17 strangers, each in the middle of a frame ══ n1: echo ══ somebody else
TEST_F(admission, frames_that_are_never_finished_make_room_for_others) {
  limits small;
  small.node_budget = 4u << 20; // of which 1 MiB is for frames that are not whole
  node n1{net, "n1", small};
  auto at = n1.listen();
  talker other{net, at};
  auto half = raw_frame(std::string(2u << 20, 'x'));
  half.resize(half.size() - 100);
  std::vector<client> strangers;
  watch(n1);
  for (int i = 0; i < 17; ++i) {
    strangers.push_back(net.dial(at));
    strangers.back().send(preamble);
    strangers.back().send(half);
  }
  net.advance(100ms);
  other.end.send(frame({"echo"}, {"me"}, std::string(60'000, 'y')));
  net.advance(3s);
  other.drain();
  ASSERT_EQ(other.frames.size(), 1u);
  EXPECT_LE(peak, (1u << 20) + (4u << 20));
  net.advance(60s);
  EXPECT_TRUE(std::all_of(strangers.begin(), strangers.end(), [](auto& s) { return s.closed_by_peer(); }));
  EXPECT_EQ(n1.board().refused()[refusal::frame_timeout], 17u);
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_F(admission, a_frame_that_nobody_waits_for_has_its_whole_time) {
  node n1{net};
  talker slow{net, n1.listen()};
  auto f = frame({"echo"}, {"me"}, std::string(500'000, 'x'));
  slow.end.send(f.substr(0, 400'000));
  net.advance(9s);
  EXPECT_FALSE(slow.end.closed_by_peer());
  slow.end.send(f.substr(400'000));
  slow.drain();
  EXPECT_EQ(slow.frames.size(), 1u);
}

//   one peer ══ n1: 3,000 frames in one go
TEST_F(admission, a_read_full_of_frames_is_worked_off_in_turns) {
  limits large;
  large.link_budget = 64u << 20;
  node n1{net, "n1", large};
  talker flood{net, n1.listen()};
  std::string all;
  for (std::size_t i = 0; i < 3'000; ++i)
    all += frame({"echo"}, {"me"}, numbered(i, 20));
  flood.end.send(all);
  flood.drain();
  ASSERT_EQ(flood.frames.size(), 3'000u);
  for (std::size_t i = 0; i < 3'000; ++i)
    ASSERT_EQ(flood.frames[i].body, numbered(i, 20));
  EXPECT_EQ(n1.budget().used(), 0u);
}

} // namespace
} // namespace ockam::sim
