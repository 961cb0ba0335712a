// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/frame_pool.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace ockam {
namespace {

using namespace std::chrono_literals;

struct link final : frame_pool::waiter {
  link(frame_pool& pool, std::uint32_t listener, std::string_view peer) : share{{pool, listener}, peer, *this} {}
  void frame_memory_available() override {
    ++told;
    if (asks > 0)
      got = share.take(asks, now);
  }
  frame_pool::share share;
  frame_pool::clock::time_point now{1h};
  std::size_t asks = 0;
  bool got = false;
  int told = 0;
};

struct frame_pool_test : ::testing::Test {
  static constexpr std::size_t floor = frame_pool::free_of_caps;
  static constexpr std::size_t MiB = 1u << 20;
  memory m{256 * MiB}; // 64 MiB for frames, 32 a listener, 16 a host
  switchboard board{"n1"};
  frame_pool pool{m, 16 * MiB, board};
  frame_pool::clock::time_point now{1h};

  /// Somebody who has the loan, so that others keep to the caps.
  link borrower{pool, 99, "10.9.9.9:1"};
  void lend() {
    borrower.share.take_anyway(200 * MiB);
    ASSERT_TRUE(borrower.share.take(80 * MiB, now));
    borrower.share.give_back(borrower.share.bytes() - 1);
    board.run_turn();
  }
};

TEST_F(frame_pool_test, small_frames_never_wait) {
  link hog{pool, 1, "10.0.0.1:1"};
  hog.share.take_anyway(400 * MiB);
  link small{pool, 1, "10.0.0.1:2"};
  EXPECT_TRUE(small.share.take(floor, now));
}

TEST_F(frame_pool_test, links_of_one_host_share_half_of_what_their_listener_has) {
  lend();
  link first{pool, 1, "10.0.0.1:1"}, second{pool, 1, "10.0.0.1:2"}, elsewhere{pool, 1, "10.0.0.2:1"};
  EXPECT_TRUE(first.share.take(10 * MiB, now));
  EXPECT_FALSE(second.share.take(10 * MiB, now));
  EXPECT_TRUE(elsewhere.share.take(10 * MiB, now));
  EXPECT_TRUE(first.share.others_wait());
  EXPECT_FALSE(elsewhere.share.others_wait()) << "what it has is of no use to who waits";
}

TEST_F(frame_pool_test, networks_of_ipv6_count_as_one_host) {
  lend();
  link first{pool, 1, "[2001:db8:1:2::1]:1"}, neighbour{pool, 1, "[2001:db8:1:2:ffff::7]:1"}, other{pool, 1, "[2001:db8:1:3::1]:1"};
  EXPECT_TRUE(first.share.take(12 * MiB, now));
  EXPECT_FALSE(neighbour.share.take(12 * MiB, now));
  EXPECT_TRUE(other.share.take(12 * MiB, now));
}

TEST_F(frame_pool_test, one_listener_leaves_room_for_the_others) {
  lend();
  std::vector<std::unique_ptr<link>> strangers;
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    strangers.push_back(std::make_unique<link>(pool, 1, "10.0.1." + std::to_string(i) + ":1"));
    refused += !strangers.back()->share.take(8 * MiB, now);
  }
  EXPECT_GE(refused, 6);
  link friendly{pool, 2, "10.0.0.1:1"};
  EXPECT_TRUE(friendly.share.take(16 * MiB, now));
}

TEST_F(frame_pool_test, who_is_alone_may_exceed_its_caps) {
  lend();
  link alone{pool, 1, "10.0.0.1:1"};
  EXPECT_TRUE(alone.share.take(20 * MiB, now));
}

TEST_F(frame_pool_test, frames_that_wait_for_each_other_end_one_by_one) {
  link first{pool, 1, "10.0.0.1:1"}, second{pool, 1, "10.0.0.1:2"};
  ASSERT_TRUE(first.share.take(9 * MiB, now));
  ASSERT_TRUE(second.share.take(6 * MiB, now));
  EXPECT_TRUE(first.share.take(7 * MiB, now)) << "by a loan";
  second.asks = 10 * MiB;
  EXPECT_FALSE(second.share.take(second.asks, now));
  first.share.give_back(first.share.bytes());
  board.run_turn();
  EXPECT_EQ(second.told, 1);
  EXPECT_TRUE(second.got);
}

TEST_F(frame_pool_test, a_loan_is_short) {
  link first{pool, 1, "10.0.0.1:1"}, second{pool, 1, "10.0.0.1:2"};
  ASSERT_TRUE(first.share.take(9 * MiB, now));
  ASSERT_TRUE(second.share.take(6 * MiB, now));
  ASSERT_TRUE(first.share.take(7 * MiB, now));
  EXPECT_FALSE(second.share.take(10 * MiB, now + frame_pool::loan_time - 1ms));
  EXPECT_TRUE(second.share.take(10 * MiB, now + frame_pool::loan_time));
  EXPECT_FALSE(first.share.take(1 * MiB, now + frame_pool::loan_time));
}

TEST_F(frame_pool_test, when_memory_is_full_loans_do_not_follow_one_another_at_once) {
  m.add(300 * MiB);
  link first{pool, 1, "10.0.0.1:1"}, second{pool, 2, "10.0.0.2:2"};
  EXPECT_TRUE(first.share.take(16 * MiB, now));
  first.share.give_back(16 * MiB);
  EXPECT_FALSE(second.share.take(16 * MiB, now + 1s));
  EXPECT_TRUE(second.share.take(16 * MiB, now + frame_pool::loan_time));
  m.sub(300 * MiB);
}

TEST_F(frame_pool_test, one_that_ends_while_it_waits_is_not_told) {
  lend();
  link first{pool, 1, "10.0.0.1:1"};
  ASSERT_TRUE(first.share.take(16 * MiB, now));
  {
    link second{pool, 1, "10.0.0.1:2"};
    EXPECT_FALSE(second.share.take(16 * MiB, now));
    EXPECT_EQ(pool.waiting(), 1u);
  }
  EXPECT_EQ(pool.waiting(), 0u);
  first.share.give_back(16 * MiB);
  board.run_turn();
}

TEST_F(frame_pool_test, everything_is_given_back) {
  {
    link first{pool, 1, "10.0.0.1:1"};
    ASSERT_TRUE(first.share.take(5 * MiB, now));
    EXPECT_EQ(first.share.bytes(), 5 * MiB);
    EXPECT_EQ(m.used(), 5 * MiB);
    EXPECT_EQ(pool.used(), 5 * MiB - floor);
  }
  EXPECT_EQ(m.used(), 0u);
  EXPECT_EQ(pool.used(), 0u);
}

} // namespace
} // namespace ockam
