// SPDX-License-Identifier: Apache-2.0
// A message that is too large for the next node: whose it is hears of it, and nobody else on the link.
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

limits with_max_frame(std::size_t n) {
  limits l;
  l.max_frame = n;
  return l;
}

//   peer ══ near: hop ══ far: echo, max-frame 64 KiB
class too_large : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::string transport = GetParam();
    near_.start("hop");
    auto there = near_.connect(far_.listen((transport == "ws" ? "ws://" : "") + std::string{"127.0.0.1:0"}, {}, transport), {}, transport);
    ASSERT_TRUE(there) << there.error().cause;
    link_ = *there;
    peer_.emplace(net_.dial(near_.listen("127.0.0.1:0", {"services", "hop"})));
    peer_->send(preamble);
    net_.run();
    peer_->receive(preamble.size());
  }
  void send(std::string_view body, const std::string& me, bool report = true) {
    peer_->send(frame({"hop", link_, "echo"}, {address{me}}, body, report));
  }
  std::vector<received_frame> answers() {
    net_.run();
    auto in = peer_->receive();
    return take_frames(in);
  }
  static bool says_too_large(const received_frame& f) { return f.extras.find("\"too-large\"") != std::string::npos; }

  network net_;
  node near_{net_, "near"};
  node far_{net_, "far", with_max_frame(64u << 10)};
  address link_;
  std::optional<client> peer_;
};
INSTANTIATE_TEST_SUITE_P(over, too_large, testing::Values("tcp", "ws", "caf"));

TEST_P(too_large, its_sender_is_told_and_the_link_stays) {
  send("before", "a");
  send(std::string(2u << 20, 'x'), "b");
  send("behind", "c");
  auto got = answers();
  ASSERT_EQ(got.size(), 3u);
  int told = 0, answered = 0;
  for (const auto& f : got)
    if (f.onward == route{"b"}) {
      EXPECT_TRUE(says_too_large(f)) << f.extras;
      EXPECT_NE(f.extras.find("\"ockam_node\":\"far\""), std::string::npos) << f.extras;
      ++told;
    } else {
      EXPECT_TRUE(f.body == "before" || f.body == "behind");
      ++answered;
    }
  EXPECT_EQ(told, 1);
  EXPECT_EQ(answered, 2);
  EXPECT_EQ(far_.board().refused()[refusal::frame_too_large], 1u);
  EXPECT_EQ(far_.connections(), 1u);
  EXPECT_EQ(far_.budget().used(), 0u);
  EXPECT_EQ(near_.budget().used(), 0u);
}

TEST_P(too_large, who_did_not_ask_hears_nothing) {
  send(std::string(2u << 20, 'x'), "b", false);
  send("behind", "c");
  auto got = answers();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].body, "behind");
  EXPECT_EQ(far_.board().dropped()[drop_reason::too_large], 1u);
}

TEST_P(too_large, many_of_them_cost_the_others_nothing) {
  net_.disturb(7);
  for (int i = 0; i < 20; ++i) {
    send(std::string(300'000, 'x'), "big");
    send("small", "s");
  }
  std::size_t small = 0, told = 0;
  std::string in;
  for (int i = 0; i < 50; ++i) {
    net_.advance(100ms);
    in += peer_->receive();
    for (const auto& f : take_frames(in))
      says_too_large(f) ? ++told : ++small;
  }
  EXPECT_EQ(small, 20u);
  EXPECT_EQ(told, 20u);
  EXPECT_EQ(far_.budget().used(), 0u);
}

//   peer ══ far: echo
class too_large_from_a_peer : public testing::Test {
 protected:
  too_large_from_a_peer() {
    peer_.send(preamble);
    net_.run();
    peer_.receive();
  }
  std::vector<received_frame> ask(const std::string& bytes) {
    peer_.send(bytes);
    net_.run();
    auto in = peer_.receive();
    return take_frames(in);
  }
  std::uint64_t refused() { return far_.board().refused()[refusal::frame_too_large]; }

  network net_;
  node far_{net_, "far", with_max_frame(64u << 10)};
  client peer_{net_.dial(far_.listen())};
};

TEST_F(too_large_from_a_peer, bytes_that_are_no_message_are_thrown_away_as_well) {
  EXPECT_EQ(ask(raw_frame(std::string(100'000, 'z')) + frame({"echo"}, {"me"}, "hi")).size(), 1u);
  EXPECT_EQ(ask(raw_frame(std::string(100'000, '\xff')) + frame({"echo"}, {"me"}, "hi")).size(), 1u);
  EXPECT_EQ(refused(), 2u);
  EXPECT_EQ(far_.board().dropped()[drop_reason::too_large], 0u);
}

TEST_F(too_large_from_a_peer, a_route_that_does_not_fit_into_what_is_kept_gets_no_report) {
  route back;
  for (int i = 0; i < 1000; ++i)
    back.push_back(address{"hop" + std::to_string(i)});
  EXPECT_EQ(ask(frame({"echo"}, back, std::string(100'000, 'x'), true) + frame({"echo"}, {"me"}, "hi")).size(), 1u);
  EXPECT_EQ(refused(), 1u);
}

TEST_F(too_large_from_a_peer, one_that_dribbles_in_ends_at_its_time) {
  peer_.send(raw_frame(std::string(100'000, 'x')).substr(0, 50'000));
  net_.advance(limits{}.frame_timeout + 2s);
  EXPECT_TRUE(peer_.closed_by_peer());
  EXPECT_EQ(far_.board().refused()[refusal::frame_timeout], 1u);
  EXPECT_EQ(far_.budget().used(), 0u);
}

TEST_F(too_large_from_a_peer, reports_of_them_are_as_many_as_of_any_other_drop) {
  std::string many;
  for (int i = 0; i < 300; ++i)
    many += frame({"echo"}, {"me"}, std::string(70'000, 'x'), true);
  auto told = ask(many);
  EXPECT_EQ(refused(), 300u);
  EXPECT_LE(told.size(), 100u);
  EXPECT_GT(told.size(), 0u);
}

} // namespace
} // namespace ockam::sim
