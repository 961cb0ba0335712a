// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/account.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <stdexcept>
#include <thread>
#include <vector>

namespace ockam {
namespace {

constexpr std::size_t plenty = 1u << 30;

message_ptr of_size(std::size_t bytes) {
  auto m = std::make_unique<message>();
  m->body = payload{std::string(bytes, 'x')};
  return m;
}

message_ptr from(ledger& link, std::size_t bytes) {
  auto m = of_size(bytes);
  m->held = credit{link, m->footprint()};
  return m;
}

struct bell final : budget_waiter {
  int rung = 0;
  void budget_available(std::uint64_t) noexcept override { ++rung; }
};

TEST(account, what_a_worker_keeps_is_charged_to_it_and_not_to_the_link) {
  memory all{plenty};
  auto link = ledger::make(all, 100'000, nullptr);
  account a{all, 100'000};
  auto m = from(*link, 10'000);
  auto size = m->held.bytes();
  ASSERT_TRUE(a.admit(*m));
  EXPECT_EQ(link->used(), 0u);
  EXPECT_EQ(a.used(), size);
  EXPECT_EQ(all.used(), size) << "it is in the node once";
  m.reset();
  EXPECT_EQ(a.used(), 0u);
  EXPECT_EQ(all.used(), 0u);
}

TEST(account, what_it_answers_is_the_links_again) {
  memory all{plenty};
  auto link = ledger::make(all, 100'000, nullptr);
  account a{all, 100'000};
  auto m = from(*link, 10'000);
  ASSERT_TRUE(a.admit(*m));
  m->body = payload{std::string(50'000, 'y')};
  m->recharge();
  m->held.give_back();
  EXPECT_EQ(m->held.source(), link.get());
  EXPECT_EQ(link->used(), m->footprint()) << "as large as it has become";
  EXPECT_EQ(a.used(), 0u);
  m.reset();
  EXPECT_EQ(all.used(), 0u);
}

TEST(account, what_it_sends_is_charged_to_it) {
  memory all{plenty};
  account a{all, 100'000};
  auto m = of_size(10'000);
  ASSERT_TRUE(a.admit(*m));
  EXPECT_EQ(a.used(), m->footprint());
  EXPECT_TRUE(a.admit(*m)) << "a message to itself";
  EXPECT_EQ(a.used(), m->footprint());
  m->held.give_back(); // was nobody else's
  EXPECT_EQ(a.used(), m->footprint());
}

TEST(account, one_that_is_full_takes_nothing_more_and_says_what_its_limit_is) {
  memory all{plenty};
  auto link = ledger::make(all, plenty, nullptr);
  account a{all, 64u << 10};
  std::deque<message_ptr> kept;
  auto m = from(*link, 10'000);
  while (a.admit(*m)) {
    kept.push_back(std::move(m));
    m = from(*link, 10'000);
  }
  EXPECT_EQ(kept.size(), 6u);
  EXPECT_LE(a.used(), a.limit());
  EXPECT_EQ(m->held.source(), link.get());
  EXPECT_NE(a.full().find("64KiB"), std::string::npos) << a.full();
  kept.pop_front();
  EXPECT_TRUE(a.admit(*m));
}

TEST(account, a_message_larger_than_the_budget_is_taken_when_there_is_no_other) {
  memory all{plenty};
  auto link = ledger::make(all, plenty, nullptr);
  account a{all, 64u << 10};
  auto large = from(*link, 1u << 20), small = from(*link, 10);
  EXPECT_TRUE(a.admit(*large));
  EXPECT_FALSE(a.admit(*small));
  large.reset();
  EXPECT_TRUE(a.admit(*small));
}

TEST(account, shrinks_as_the_node_fills) {
  memory all{1u << 20};
  auto others = ledger::make(all, plenty, nullptr);
  account a{all, 1u << 20};
  auto kept = of_size(100'000), more = of_size(300'000);
  ASSERT_TRUE(a.admit(*kept));
  credit most{*others, 800'000};
  EXPECT_FALSE(a.admit(*more));
  most.reset();
  EXPECT_TRUE(a.admit(*more));
}

TEST(account, a_link_that_waits_is_told_when_a_worker_takes_its_messages) {
  memory all{plenty};
  bell waiter;
  auto link = ledger::make(all, 20'000, &waiter);
  account a{all, 100'000};
  auto first = from(*link, 15'000), second = from(*link, 15'000);
  ASSERT_FALSE(link->wait());
  ASSERT_TRUE(a.admit(*first));
  ASSERT_TRUE(a.admit(*second));
  EXPECT_GT(waiter.rung, 0);
  EXPECT_TRUE(link->open()) << "though the worker keeps them for ever";
}

TEST(account, links_and_workers_may_end_in_any_order) {
  memory all{plenty};
  for (bool link_first : {true, false})
    for (bool back : {true, false}) {
      auto link = ledger::make(all, 100'000, nullptr);
      auto a = std::make_unique<account>(all, 100'000);
      auto m = from(*link, 10'000);
      ASSERT_TRUE(a->admit(*m));
      if (link_first)
        link.reset();
      a.reset();
      link.reset();
      EXPECT_EQ(all.used(), m->held.bytes());
      if (back)
        m->held.give_back();
      m.reset();
      EXPECT_EQ(all.used(), 0u);
    }
}

TEST(account, a_copy_is_not_merged_with_one_that_is_lent) {
  memory all{plenty};
  auto link = ledger::make(all, 100'000, nullptr);
  account a{all, 100'000};
  auto lent = from(*link, 10), home = from(*link, 10);
  ASSERT_TRUE(a.admit(*lent));
  EXPECT_FALSE(home->held.merge(lent->held));
  EXPECT_FALSE(lent->held.merge(home->held));
}

TEST(account, what_is_no_message_counts_beside_and_not_in_the_node) {
  memory all{plenty};
  account a{all, 100'000};
  EXPECT_TRUE(a.take(60'000));
  EXPECT_FALSE(a.take(40'001));
  EXPECT_EQ(a.used(), 60'000u) << "what does not fit is not taken";
  EXPECT_EQ(all.used(), 0u);
  auto m = of_size(30'000);
  ASSERT_TRUE(a.admit(*m));
  EXPECT_FALSE(a.take(10'000));
  a.give_back(60'000);
  EXPECT_EQ(a.used(), m->held.bytes());
}

TEST(account, messages_leave_a_quarter_to_whoever_has_to_run_to_let_them_go) {
  memory all{plenty};
  account a{all, 100'000};
  ASSERT_TRUE(a.take(1000));
  auto first = of_size(70'000), second = of_size(10'000);
  ASSERT_TRUE(a.admit(*first));
  EXPECT_FALSE(a.admit(*second));
  EXPECT_FALSE(a.fits(10'000));
  EXPECT_TRUE(a.take(24'000));
  first.reset();
  EXPECT_TRUE(a.admit(*second));
}

TEST(account, one_message_always_fits) {
  memory all{plenty};
  account a{all, 100'000};
  ASSERT_TRUE(a.take(100'000));
  auto m = of_size(200'000);
  EXPECT_TRUE(a.admit(*m));
}

TEST(account, a_holding_ends_with_its_owner) {
  memory all{plenty};
  account a{all, 100'000};
  {
    holding one{&a, 60'000};
    EXPECT_THROW((holding{&a, 60'000}), std::length_error);
    holding other = std::move(one);
    EXPECT_EQ(a.used(), 60'000u);
    one = holding{&a, 10'000};
    EXPECT_EQ(a.used(), 70'000u);
    holding of_nobody{nullptr, 1};
  }
  EXPECT_EQ(a.used(), 0u);
}

TEST(account_on_threads, instances_share_one_and_lose_no_byte) {
  memory all{plenty};
  auto link = ledger::make(all, plenty, nullptr);
  account a{all, plenty};
  std::vector<std::thread> instances;
  for (int t = 0; t < 4; ++t)
    instances.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        auto m = from(*link, 200);
        EXPECT_TRUE(a.admit(*m));
        m->recharge(static_cast<std::size_t>(i));
        if (i % 2 == 0)
          m->held.give_back();
      }
    });
  for (auto& t : instances)
    t.join();
  EXPECT_EQ(link->used(), 0u);
  EXPECT_EQ(a.used(), 0u);
  EXPECT_EQ(all.used(), 0u);
}

} // namespace
} // namespace ockam
