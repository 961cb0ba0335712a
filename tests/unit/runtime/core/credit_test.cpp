// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/credit.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace ockam {
namespace {

struct bell final : budget_waiter {
  std::atomic<int> rung{0};
  void budget_available(std::uint64_t) noexcept override { ++rung; }
};

TEST(credit, comes_back_when_its_owner_goes) {
  memory m{10'000};
  auto l = ledger::make(m, 1000, nullptr);
  {
    credit a{*l, 100}, b{*l, 200};
    EXPECT_EQ(l->used(), 300u);
    EXPECT_EQ(m.used(), 300u);
    credit c{std::move(a)};
    EXPECT_FALSE(a);
    b = std::move(c); // what it had before comes back
    EXPECT_EQ(l->used(), 100u);
    auto* self = &b;
    b = std::move(*self);
    EXPECT_EQ(l->used(), 100u);
  }
  EXPECT_EQ(l->used(), 0u);
  EXPECT_EQ(m.used(), 0u);
}

TEST(credit, merges_only_with_its_like) {
  memory m{10'000};
  auto l = ledger::make(m, 1000, nullptr), other = ledger::make(m, 1000, nullptr);
  credit a{*l, 100}, b{*l, 50}, c{*other, 10};
  EXPECT_TRUE(a.merge(b));
  EXPECT_EQ(a.bytes(), 150u);
  EXPECT_FALSE(b);
  EXPECT_FALSE(a.merge(c));
  EXPECT_EQ(c.bytes(), 10u);
  a.reset();
  c.reset();
  EXPECT_EQ(m.used(), 0u);
}

TEST(credit, outlives_the_link_that_let_it_in) {
  memory m{10'000};
  credit c;
  {
    auto l = ledger::make(m, 1000, nullptr);
    c = credit{*l, 100};
  }
  EXPECT_EQ(m.used(), 100u);
  c.reset();
  EXPECT_EQ(m.used(), 0u);
}

TEST(ledger, is_open_below_its_budget_and_always_for_the_first_frame) {
  memory m{1'000'000};
  auto l = ledger::make(m, 1000, nullptr);
  EXPECT_TRUE(l->open());
  credit big{*l, 5000}; // larger than all of the budget: it was the first
  EXPECT_FALSE(l->open());
  big.reset();
  credit small{*l, 999};
  EXPECT_TRUE(l->open());
  credit more{*l, 1};
  EXPECT_FALSE(l->open());
}

TEST(ledger, shrinks_as_the_node_fills_from_half) {
  memory m{1000};
  auto l = ledger::make(m, 400, nullptr), filler = ledger::make(m, 1000, nullptr);
  EXPECT_EQ(l->budget(), 400u);
  credit half{*filler, 500};
  EXPECT_EQ(l->budget(), 400u);
  credit quarter{*filler, 250};
  EXPECT_EQ(l->budget(), 200u);
  credit rest{*filler, 250};
  EXPECT_EQ(l->budget(), 0u);
  EXPECT_TRUE(l->open()) << "one frame is never refused";
  EXPECT_EQ(l->hold_limit(), 100u);
}

TEST(ledger, wakes_who_waits_once_half_is_free_and_only_then) {
  memory m{100'000};
  bell b;
  auto l = ledger::make(m, 1000, &b);
  std::vector<credit> held;
  for (int i = 0; i < 10; ++i)
    held.emplace_back(*l, 100);
  ASSERT_FALSE(l->wait());
  for (int i = 0; i < 4; ++i)
    held.pop_back();
  EXPECT_EQ(b.rung, 0);
  held.pop_back();
  EXPECT_EQ(b.rung, 1);
  l->stop_waiting();
  held.clear();
  EXPECT_EQ(b.rung, 1);
}

TEST(ledger, does_not_wait_when_there_is_budget) {
  memory m{100'000};
  bell b;
  auto l = ledger::make(m, 1000, &b);
  EXPECT_TRUE(l->wait());
  credit c{*l, 100};
  c.reset();
  EXPECT_EQ(b.rung, 0) << "nobody waits";
}

using entry = hold_table::entry;

TEST(hold_table, keeps_a_quarter_of_a_budget_for_each_ledger) {
  memory m{1'000'000};
  auto l = ledger::make(m, 1000, nullptr), other = ledger::make(m, 1000, nullptr);
  hold_table t;
  credit first{*l, 200}, second{*l, 60}, third{*l, 50}, foreign{*other, 240}, big{*other, 900}, none;
  EXPECT_EQ(t.enter(first), entry::entered);
  EXPECT_EQ(t.enter(second), entry::refused) << "260 of 250";
  EXPECT_EQ(t.enter(third), entry::entered);
  EXPECT_EQ(t.enter(foreign), entry::entered) << "each ledger has its own";
  EXPECT_EQ(t.enter(none), entry::entered);
  first.leave();
  EXPECT_EQ(t.enter(second), entry::entered);
  foreign.reset();
  EXPECT_EQ(t.enter(big), entry::entered) << "the first one always enters";
}

TEST(hold_table, forgets_ledgers_and_may_go_before_their_credit) {
  memory m{1'000'000};
  std::vector<ledger::owner> ledgers;
  std::vector<credit> kept;
  {
    hold_table t;
    for (int i = 0; i < 100; ++i) {
      ledgers.push_back(ledger::make(m, 1000, nullptr));
      credit c{*ledgers.back(), 100};
      EXPECT_EQ(t.enter(c), entry::entered);
      if (i % 10 == 0)
        kept.push_back(std::move(c));
    }
  }
  ledgers.clear();
  EXPECT_EQ(m.used(), 1000u);
  kept.clear();
  EXPECT_EQ(m.used(), 0u);
}

TEST(hold_table, holds_a_link_up_until_half_of_its_hold_is_free) {
  struct waiter final : budget_waiter {
    int woken = 0;
    void budget_available(std::uint64_t) noexcept override { ++woken; }
  } w;
  memory m{1'000'000};
  auto l = ledger::make(m, 1000, &w);
  hold_table t{hold_table::over::pause};
  credit first{*l, 200}, second{*l, 60};
  EXPECT_EQ(t.enter(first), entry::entered);
  EXPECT_TRUE(l->open());
  EXPECT_EQ(t.enter(second), entry::entered_full);
  EXPECT_TRUE(t.holds_up());
  EXPECT_FALSE(l->wait());
  second.reset();
  EXPECT_FALSE(l->open()) << "200 of 250 is more than half";
  EXPECT_EQ(w.woken, 0);
  first.leave();
  EXPECT_TRUE(l->open());
  EXPECT_EQ(w.woken, 1);
  EXPECT_FALSE(t.holds_up());
}

TEST(hold_table, lets_go_of_a_link_whatever_is_still_here) {
  struct waiter final : budget_waiter {
    int woken = 0;
    void budget_available(std::uint64_t) noexcept override { ++woken; }
  } w;
  memory m{1'000'000};
  auto l = ledger::make(m, 1000, &w);
  hold_table t{hold_table::over::pause};
  credit first{*l, 200}, second{*l, 60};
  (void)t.enter(first);
  (void)t.enter(second);
  EXPECT_FALSE(l->wait());
  t.let_go();
  EXPECT_TRUE(l->open());
  EXPECT_EQ(w.woken, 1);
  first.reset();
  second.reset();
  EXPECT_EQ(l->used(), 0u);
}

TEST(tally, counts_what_it_was_given_until_that_has_left) {
  memory m{1'000'000};
  auto l = ledger::make(m, 1000, nullptr), other = ledger::make(m, 1000, nullptr);
  auto t = tally::make(1000);
  credit a{*l, 200}, b{*l, 300}, of_other{*other, 100};
  for (auto* c : {&a, &b, &of_other})
    EXPECT_TRUE(t->enter(*c));
  EXPECT_EQ(t->used(), 600u);
  credit moved{std::move(a)};
  moved.resize(50);
  EXPECT_EQ(t->used(), 450u);
  EXPECT_TRUE(moved.merge(b));
  EXPECT_EQ(t->used(), 450u);
  moved.reset();
  EXPECT_EQ(t->used(), 100u);
  EXPECT_EQ(t->has_left(), 550u) << "what has got smaller has left as well";
  of_other = credit{};
  EXPECT_EQ(t->used(), 0u);
  EXPECT_EQ(m.used(), 0u);
}

TEST(tally, takes_no_credit_twice_and_mixes_it_with_no_other) {
  memory m{1'000'000};
  auto l = ledger::make(m, 1000, nullptr);
  auto first = tally::make(1000), second = tally::make(1000);
  credit a{*l, 200}, b{*l, 100}, c{*l, 10};
  EXPECT_TRUE(first->enter(a));
  EXPECT_TRUE(first->enter(a));
  EXPECT_EQ(first->used(), 200u);
  EXPECT_TRUE(second->enter(b));
  EXPECT_FALSE(a.merge(b));
  EXPECT_FALSE(a.merge(c));
  EXPECT_TRUE(second->enter(a)) << "of two relays in a row the last one has it";
  EXPECT_EQ(first->used(), 0u);
  EXPECT_EQ(second->used(), 300u);
}

TEST(tally, holds_up_those_that_fill_it_until_half_is_free) {
  bell b, c;
  memory m{1'000'000};
  auto l = ledger::make(m, 10'000, &b), other = ledger::make(m, 10'000, &c);
  auto t = tally::make(1000);
  credit first{*l, 900}, second{*other, 200}, third{*other, 100};
  EXPECT_TRUE(t->enter(first));
  EXPECT_FALSE(t->is_full());
  EXPECT_TRUE(t->enter(second));
  EXPECT_TRUE(t->enter(third)) << "what it has read already";
  EXPECT_TRUE(t->is_full());
  EXPECT_TRUE(l->open()) << "it was not the one";
  EXPECT_FALSE(other->wait());
  second.reset();
  EXPECT_FALSE(other->open()) << "1,000 are there";
  first.reset();
  EXPECT_FALSE(t->is_full());
  EXPECT_TRUE(other->open());
  EXPECT_EQ(c.rung, 1);
}

TEST(tally, refuses_whom_nobody_can_hold_up) {
  memory m{1'000'000};
  auto l = ledger::make(m, 10'000, nullptr);
  auto t = tally::make(1000);
  credit large{*l, 5000}, small{*l, 10}, nobodys;
  EXPECT_TRUE(t->enter(large)) << "the first one always enters";
  EXPECT_FALSE(t->enter(small));
  EXPECT_FALSE(t->enter(nobodys));
  EXPECT_EQ(t->used(), 5000u);
  EXPECT_FALSE(t->is_full()) << "nobody waits for it";
}

TEST(tally, refuses_what_is_over_twice_its_limit_from_whomever) {
  bell b;
  memory m{1'000'000};
  auto l = ledger::make(m, 10'000, &b);
  auto t = tally::make(1000);
  credit first{*l, 900}, second{*l, 1000}, third{*l, 200}, fourth{*l, 100};
  EXPECT_TRUE(t->enter(first));
  EXPECT_TRUE(t->enter(second));
  EXPECT_FALSE(t->enter(third));
  EXPECT_TRUE(t->enter(fourth));
  EXPECT_EQ(t->used(), 2000u);
}

TEST(tally, lets_go_when_it_ends_before_its_credit) {
  bell b;
  memory m{1'000'000};
  auto l = ledger::make(m, 10'000, &b);
  credit first{*l, 900}, second{*l, 200};
  {
    auto t = tally::make(1000);
    (void)t->enter(first);
    (void)t->enter(second);
    EXPECT_FALSE(l->wait());
  }
  EXPECT_TRUE(l->open());
  EXPECT_EQ(b.rung, 1);
  first.reset();
  second.reset();
  EXPECT_EQ(l->used(), 0u);
}

/// One thread fills it, another empties it: whoever has been held up is let go in the end, each time.
TEST(tally, lets_go_whatever_thread_empties_it) {
  bell b;
  memory m{1'000'000};
  auto l = ledger::make(m, 1'000'000, &b);
  auto t = tally::make(1000);
  for (int round = 0; round < 500; ++round) {
    credit first{*l, 600}, second{*l, 600};
    ASSERT_TRUE(t->enter(first));
    std::thread other{[&] { first.reset(); }};
    ASSERT_TRUE(t->enter(second));
    other.join();
    second.reset();
    ASSERT_TRUE(l->open()) << "round " << round;
    ASSERT_FALSE(t->is_full());
  }
  EXPECT_EQ(l->used(), 0u);
}

/// One thread fills the hold, another empties it: whoever has been held up is let go in the end, each time.
TEST(hold_table, forgets_nobody_between_threads) {
  struct waiter final : budget_waiter {
    std::atomic<int> woken{0};
    void budget_available(std::uint64_t) noexcept override { ++woken; }
  } w;
  memory m{1u << 30};
  auto l = ledger::make(m, 100'000, &w);
  hold_table t{hold_table::over::pause};
  std::mutex lock;
  std::condition_variable filled;
  std::vector<credit> queue;
  bool done = false;
  std::thread taker{[&] {
    std::unique_lock guard{lock};
    while (!done || !queue.empty()) {
      filled.wait(guard, [&] { return done || !queue.empty(); });
      auto taken = std::exchange(queue, {});
      guard.unlock();
      taken.clear();
      guard.lock();
    }
  }};
  for (int i = 0; i < 20'000; ++i) {
    while (!l->open())
      std::this_thread::yield();
    credit c{*l, 5'000};
    (void)t.enter(c);
    std::lock_guard guard{lock};
    queue.push_back(std::move(c));
    filled.notify_one();
  }
  {
    std::lock_guard guard{lock};
    done = true;
    filled.notify_one();
  }
  taker.join();
  EXPECT_TRUE(l->open());
  EXPECT_FALSE(t.holds_up());
  EXPECT_EQ(l->used(), 0u);
  EXPECT_EQ(m.used(), 0u);
}

/// The link reads on one thread, pool workers return credit on others: no wake may be lost.
TEST(ledger, loses_no_wake_between_threads) {
  struct signal final : budget_waiter {
    std::mutex lock;
    std::condition_variable changed;
    int woken = 0;
    void budget_available(std::uint64_t) noexcept override {
      std::lock_guard guard{lock};
      ++woken;
      changed.notify_one();
    }
  };
  constexpr int rounds = 20'000, workers = 3;
  memory m{1u << 30};
  signal s;
  auto l = ledger::make(m, 1000, &s);
  std::mutex lock;
  std::condition_variable filled;
  std::vector<credit> queue;
  bool done = false;
  std::vector<std::thread> pool;
  for (int w = 0; w < workers; ++w)
    pool.emplace_back([&] {
      std::unique_lock guard{lock};
      while (true) {
        filled.wait(guard, [&] { return done || !queue.empty(); });
        if (queue.empty())
          return;
        auto c = std::move(queue.back());
        queue.pop_back();
        guard.unlock();
        c.reset();
        guard.lock();
      }
    });
  bool lost = false;
  int pauses = 0;
  for (int i = 0; i < rounds && !lost; ++i) {
    {
      std::lock_guard guard{lock};
      queue.emplace_back(*l, 130);
    }
    filled.notify_one();
    if (!l->open() && !l->wait()) {
      ++pauses;
      std::unique_lock guard{s.lock};
      lost = !s.changed.wait_for(guard, std::chrono::seconds{20}, [&] { return s.woken > 0; });
      s.woken = 0;
      guard.unlock();
      l->stop_waiting();
    }
  }
  {
    std::lock_guard guard{lock};
    done = true;
  }
  filled.notify_all();
  for (auto& t : pool)
    t.join();
  EXPECT_FALSE(lost);
  EXPECT_GT(pauses, 0) << "or this test shows nothing";
  EXPECT_EQ(m.used(), 0u);
}

/// Owner and last credit leave at the same time, on two threads: the ledger goes once.
TEST(ledger, ends_once_however_its_two_ends_race) {
  memory m{1u << 30};
  for (int i = 0; i < 2'000; ++i) {
    bell b;
    auto l = ledger::make(m, 1000, &b);
    credit c{*l, 100};
    std::thread t{[c = std::move(c)]() mutable { c.reset(); }};
    l.reset();
    t.join();
  }
  EXPECT_EQ(m.used(), 0u);
}

} // namespace
} // namespace ockam
