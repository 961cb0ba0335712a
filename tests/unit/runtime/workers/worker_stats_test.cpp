// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/restart_backoff.hpp"
#include "runtime/workers/worker_stats.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>

namespace ockam {
namespace {

using namespace std::chrono_literals;

std::uint64_t percentile(const latency_histogram& h, double share) {
  std::vector<std::uint64_t> counts;
  h.merge_into(counts);
  return static_cast<std::uint64_t>(latency_histogram::percentile(counts, share).count());
}

TEST(latency_histogram, each_duration_is_known_within_an_eighth) {
  std::minstd_rand random{7};
  for (int i = 0; i < 20'000; ++i) {
    auto ns = random() >> (random() % 31);
    latency_histogram h;
    h.add(std::chrono::nanoseconds{ns});
    auto shown = percentile(h, 0.5);
    EXPECT_LE(shown > ns ? shown - ns : ns - shown, ns / 8 + 1) << ns;
  }
}

TEST(latency_histogram, percentiles_of_many) {
  latency_histogram h;
  EXPECT_EQ(percentile(h, 0.5), 0u) << "nothing was recorded";
  for (int us = 1; us <= 1000; ++us)
    h.add(std::chrono::microseconds{us});
  EXPECT_NEAR(static_cast<double>(percentile(h, 0.5)), 500e3, 500e3 / 8);
  EXPECT_NEAR(static_cast<double>(percentile(h, 0.99)), 990e3, 990e3 / 8);
  EXPECT_GE(percentile(h, 1), percentile(h, 0.999));
  h.add(-5ns);
  h.add(std::chrono::hours{1});
  EXPECT_GT(percentile(h, 1), std::uint64_t{60'000'000'000}) << "what is over the last bucket is in the last bucket";
}

TEST(latency_histogram, several_are_one_when_they_are_merged) {
  latency_histogram a, b;
  for (int i = 0; i < 90; ++i)
    a.add(1us);
  for (int i = 0; i < 10; ++i)
    b.add(1ms);
  std::vector<std::uint64_t> counts;
  a.merge_into(counts);
  b.merge_into(counts);
  EXPECT_LT(latency_histogram::percentile(counts, 0.5), 2us);
  EXPECT_GT(latency_histogram::percentile(counts, 0.95), 800us);
}

TEST(worker_stats, counters_are_made_when_they_are_asked_for_and_keep_their_place) {
  worker_stats s;
  EXPECT_EQ(s.counters(), nullptr);
  EXPECT_EQ(s.latency(), nullptr);
  auto& a = s.counter("a");
  for (int i = 0; i < 100; ++i)
    s.counter(std::to_string(i));
  ++a;
  EXPECT_EQ(&s.counter("a"), &a);
  EXPECT_EQ(s.counters()->values().back(), (std::pair<std::string, std::uint64_t>{"a", 1}));
  s.handled_in(5us);
  EXPECT_NE(s.latency(), nullptr);
}

TEST(restart_backoff, first_at_once_then_doubling_up_to_ten_seconds) {
  restart_backoff b;
  restart_backoff::clock::time_point now{1h};
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 10; ++i) {
    b.started(now);
    now += 1s; // it never lives long
    waits.push_back(b.next(now).count());
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{0, 100, 200, 400, 800, 1600, 3200, 6400, 10'000, 10'000}));
}

TEST(restart_backoff, one_that_has_run_for_a_while_begins_anew) {
  restart_backoff b;
  restart_backoff::clock::time_point now{1h};
  (void)b.next(now);
  (void)b.next(now);
  b.started(now);
  EXPECT_EQ(b.next(now + 9s), 200ms);
  b.started(now);
  EXPECT_EQ(b.next(now + 10s), 0ms);
  EXPECT_EQ(b.next(now), 100ms) << "it could not even begin";
}

} // namespace
} // namespace ockam
