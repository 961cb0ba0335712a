// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/backlog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

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

TEST_F(backlog_test, senders_that_nobody_can_hold_up_keep_no_more_than_a_quarter_of_their_budget) {
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

/// Notes which ledgers may go on.
class waiters final : public budget_waiter {
 public:
  void budget_available(std::uint64_t id) noexcept override { woken.push_back(id); }
  std::vector<std::uint64_t> woken;
};

TEST_F(backlog_test, a_link_that_has_filled_its_hold_is_held_up_until_half_of_it_is_gone) {
  waiters w;
  auto link = ledger::make(all, budget, &w);
  auto innocent = ledger::make(all, budget, &w);
  auto few = message_of(*innocent, 100);
  ASSERT_TRUE(waiting.push(few));
  std::size_t pushed = 0;
  while (link->open()) {
    auto m = message_of(*link, 1000);
    ASSERT_TRUE(waiting.push(m)) << "nothing is lost";
    ++pushed;
  }
  EXPECT_GT(waiting.bytes(), budget / 5);
  EXPECT_LT(waiting.bytes(), budget / 2);
  EXPECT_TRUE(innocent->open()) << "others go on";
  EXPECT_FALSE(link->wait());
  std::size_t left = pushed;
  while (w.woken.empty()) {
    ASSERT_TRUE(waiting.pop());
    --left;
  }
  EXPECT_EQ(w.woken, std::vector{link->id()});
  EXPECT_TRUE(link->open());
  EXPECT_LE(left, pushed * 2 / 3);
  EXPECT_GE(left, pushed / 3);
}

TEST_F(backlog_test, its_end_lets_go_of_those_that_it_held_up) {
  waiters w;
  auto link = ledger::make(all, budget, &w);
  {
    backlog b{mine.get()};
    while (link->open()) {
      auto m = message_of(*link, 1000);
      ASSERT_TRUE(b.push(m));
    }
    EXPECT_FALSE(link->wait());
  }
  EXPECT_TRUE(link->open());
  EXPECT_EQ(link->used(), 0u);
  EXPECT_FALSE(w.woken.empty());
}

message_ptr message_from(const std::string& sender, ledger& l, std::size_t body) {
  auto m = message_of(l, body);
  m->header.push_return(address{sender});
  return m;
}

std::string sender_of(const message& m) {
  return m.header.return_route().front().name;
}

TEST_F(backlog_test, a_sender_that_had_nothing_waiting_does_not_wait_behind_the_bulk_of_others) {
  for (int i = 0; i < 100; ++i) {
    auto m = message_from("bulk", *mine, 16u << 10);
    ASSERT_TRUE(waiting.push(m));
  }
  (void)waiting.pop(); // under way
  auto ping = message_from("ping", *other, 5);
  ASSERT_TRUE(waiting.push(ping));
  int before = 0;
  while (sender_of(*waiting.pop()) != "ping")
    ++before;
  EXPECT_LE(before, 8) << "a turn or two of 64 KiB";
}

TEST_F(backlog_test, senders_take_turns_and_each_keeps_its_order) {
  for (std::size_t i = 0; i < 40; ++i)
    for (auto sender : {"a", "b"}) {
      auto m = message_from(sender, *mine, (16u << 10) + i);
      ASSERT_TRUE(waiting.push(m));
    }
  std::map<std::string, std::size_t> next;
  std::size_t most_ahead = 0;
  while (auto m = waiting.pop()) {
    auto& n = next[sender_of(*m)];
    EXPECT_EQ(m->body.size(), (16u << 10) + n);
    ++n;
    most_ahead = std::max(most_ahead, std::max(next["a"], next["b"]) - std::min(next["a"], next["b"]));
  }
  EXPECT_EQ(next["a"], 40u);
  EXPECT_EQ(next["b"], 40u);
  EXPECT_LE(most_ahead, 8u);
}

TEST_F(backlog_test, ever_new_senders_do_not_starve_one_that_has_waited) {
  for (int i = 0; i < 20; ++i) {
    auto m = message_from("patient", *mine, 60u << 10);
    ASSERT_TRUE(waiting.push(m));
  }
  int served = 0;
  for (int i = 0; i < 40; ++i) {
    auto m = message_from("new" + std::to_string(i), *mine, 100);
    ASSERT_TRUE(waiting.push(m));
    served += sender_of(*waiting.pop()) == "patient";
  }
  EXPECT_GE(served, 15);
}

TEST_F(backlog_test, a_trickle_that_holds_others_up_counts_as_slow_after_ten_seconds) {
  using verdict = backlog::verdict;
  waiters w;
  auto link = ledger::make(all, budget, &w);
  limits l;
  auto t = backlog::clock::time_point{1h};
  waiting.progressed(t, 0);
  waiting.wait_begins(t);
  while (link->open()) {
    auto m = message_of(*link, 1000);
    ASSERT_TRUE(waiting.push(m));
  }
  std::vector<verdict> verdicts;
  for (int s = 1; s <= 12; ++s) {
    waiting.progressed(t + s * 1s, 1000); // 1 kB/s
    verdicts.push_back(waiting.judge(t + s * 1s, l));
  }
  EXPECT_EQ(std::count(verdicts.begin(), verdicts.begin() + 10, verdict::moving), 10);
  EXPECT_EQ(std::count(verdicts.begin(), verdicts.end(), verdict::slow), 1);
}

TEST_F(backlog_test, who_takes_the_least_rate_is_moving_however_long) {
  using verdict = backlog::verdict;
  waiters w;
  auto link = ledger::make(all, budget, &w);
  limits l;
  auto t = backlog::clock::time_point{1h};
  waiting.progressed(t, 0);
  while (link->open()) {
    auto m = message_of(*link, 1000);
    ASSERT_TRUE(waiting.push(m));
  }
  for (int s = 1; s <= 60; ++s) {
    waiting.progressed(t + s * 1s, 5000);
    EXPECT_EQ(waiting.judge(t + s * 1s, l), verdict::moving) << s;
  }
}

TEST_F(backlog_test, judges_by_progress_since_the_waiting_began) {
  using verdict = backlog::verdict;
  limits l;
  auto t = backlog::clock::time_point{1h};
  waiting.progressed(t, 1);
  t += 1h; // an hour without anything to write is nobody's fault
  waiting.wait_begins(t);
  EXPECT_EQ(waiting.judge(t + 1999ms, l), verdict::moving);
  EXPECT_EQ(waiting.judge(t + 2s, l), verdict::silent);
  waiting.progressed(t + 1s, 1);
  EXPECT_EQ(waiting.judge(t + 2s, l), verdict::moving);
  EXPECT_EQ(waiting.judge(t + 3s, l), verdict::silent);
  EXPECT_EQ(waiting.judge(t + 31s, l), verdict::dead);
}

} // namespace
} // namespace ockam
