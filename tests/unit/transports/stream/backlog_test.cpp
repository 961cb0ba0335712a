// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/backlog.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

using namespace std::chrono_literals;

message_ptr message_of(ledger& l, std::size_t body) {
  auto m = std::make_unique<message>();
  m->body = payload{std::vector<std::byte>(body)};
  m->held = credit{l, m->footprint()};
  return m;
}

class backlog_test : public testing::Test {
 protected:
  static constexpr std::size_t budget = 64u << 10;
  memory all{1u << 30};
  ledger::owner mine = ledger::make(all, budget, nullptr);
  ledger::owner other = ledger::make(all, budget, nullptr);
  backlog waiting{mine.get()};
};

TEST_F(backlog_test, keeps_the_order) {
  for (std::size_t i = 1; i <= 5; ++i) {
    auto m = message_of(*other, i);
    ASSERT_TRUE(waiting.push(m));
    EXPECT_FALSE(m);
  }
  for (std::size_t i = 1; i <= 5; ++i)
    EXPECT_EQ(waiting.pop()->body.size(), i);
  EXPECT_FALSE(waiting.pop());
  EXPECT_TRUE(waiting.empty());
  EXPECT_EQ(waiting.bytes(), 0u);
}

TEST_F(backlog_test, nobody_keeps_more_than_a_quarter_of_a_senders_budget) {
  std::size_t taken = 0;
  message_ptr left;
  while (!left) {
    auto m = message_of(*other, 1000);
    if (waiting.push(m))
      ++taken;
    else
      left = std::move(m);
  }
  EXPECT_GT(taken, 8u);
  EXPECT_LE(waiting.bytes(), budget / 4);
  EXPECT_EQ(left->body.size(), 1000u); // refused, not eaten
  (void)waiting.pop();
  EXPECT_TRUE(waiting.push(left)); // room again
}

TEST_F(backlog_test, what_the_peer_asked_for_itself_is_no_hostage) {
  for (int i = 0; i < 100; ++i) {
    auto m = message_of(*mine, 1000);
    ASSERT_TRUE(waiting.push(m));
  }
  EXPECT_GT(waiting.bytes(), budget / 4);
}

TEST_F(backlog_test, what_waits_at_the_end_returns_its_credit) {
  {
    backlog b{mine.get()};
    for (int i = 0; i < 3; ++i) {
      auto m = message_of(*other, 100);
      ASSERT_TRUE(b.push(m));
    }
    EXPECT_GT(other->used(), 0u);
  }
  EXPECT_EQ(other->used(), 0u);
  EXPECT_EQ(all.used(), 0u);
}

TEST_F(backlog_test, judges_by_progress_since_the_waiting_began) {
  using verdict = backlog::verdict;
  limits l;
  auto t = backlog::clock::time_point{1h};
  waiting.progressed(t);
  t += 1h; // an hour without anything to write is nobody's fault
  waiting.wait_begins(t);
  EXPECT_EQ(waiting.judge(t + 1999ms, l), verdict::moving);
  EXPECT_EQ(waiting.judge(t + 2s, l), verdict::stalled);
  waiting.progressed(t + 1s);
  EXPECT_EQ(waiting.judge(t + 2s, l), verdict::moving);
  EXPECT_EQ(waiting.judge(t + 3s, l), verdict::stalled);
  EXPECT_EQ(waiting.judge(t + 31s, l), verdict::dead);
}

} // namespace
} // namespace ockam
