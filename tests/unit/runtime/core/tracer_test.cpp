// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/tracer.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace ockam {
namespace {

using namespace std::chrono_literals;
using clock = tracer::clock;

trace_context sampled() { return begin_trace(1); }

std::vector<span> take_all(tracer& t) { return t.wait(1'000'000, clock::now()); }

TEST(tracer, keeps_nothing_until_it_is_open) {
  tracer t;
  auto of = sampled(), before = of;
  EXPECT_EQ(t.begin_span(of, {}), nullptr);
  EXPECT_EQ(of, before) << "passes untouched";
  EXPECT_EQ(t.begin_root(of, {}), nullptr);
  EXPECT_FALSE(t.is_used());
  EXPECT_EQ(t.figures().kept, 0u);
}

TEST(tracer, a_span_is_the_child_of_who_has_sent_and_the_parent_of_what_goes_on) {
  tracer t;
  t.open(10, 1, 1);
  auto of = sampled();
  of.state = "vendor=1";
  auto sender = of.span_id;
  t.begin_span(of, {}).reset();
  auto got = take_all(t);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].trace_id, of.trace_id);
  EXPECT_EQ(got[0].parent_id, sender);
  EXPECT_EQ(got[0].span_id, of.span_id);
  EXPECT_NE(of.span_id, sender);
  EXPECT_EQ(got[0].state, "vendor=1");
  EXPECT_FALSE(got[0].is_error());
  EXPECT_GE(got[0].lasted, 0ns);
  EXPECT_LT(std::chrono::system_clock::now() - got[0].begin, 1min);
}

TEST(tracer, the_first_span_of_a_trace_has_no_parent) {
  tracer t;
  t.open(10, 1, 1);
  auto of = sampled();
  t.begin_root(of, {}).reset();
  auto got = take_all(t);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].span_id, of.span_id);
  EXPECT_EQ(got[0].parent_id, trace_context::span_id_bytes{});
}

TEST(tracer, of_a_trace_that_is_not_sampled_nothing_is_kept) {
  tracer t;
  t.open(10, 1, 0);
  auto of = t.begin(), before = of;
  EXPECT_FALSE(of.is_sampled());
  EXPECT_EQ(t.begin_span(of, {}), nullptr);
  EXPECT_EQ(of, before);
}

TEST(tracer, spans_that_find_no_room_are_dropped_and_counted) {
  tracer t;
  t.open(3, 2, 1);
  for (int i = 0; i < 5; ++i)
    t.take(span{.worker = std::to_string(i)});
  auto c = t.figures();
  EXPECT_EQ(c.kept, 5u);
  EXPECT_EQ(c.dropped, 2u);
  EXPECT_EQ(c.waiting, 3u);
  auto first = t.wait(2, clock::now());
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].worker, "0") << "the oldest first";
  EXPECT_EQ(take_all(t).at(0).worker, "2");
  t.take(span{.worker = "again"});
  EXPECT_EQ(take_all(t).size(), 1u);
}

TEST(tracer, what_waits_when_it_is_closed_can_still_be_taken) {
  tracer t;
  t.open(3, 2, 1);
  auto of = sampled();
  auto open = t.begin_span(of, {});
  t.close();
  EXPECT_EQ(t.begin_span(of, {}), nullptr);
  open.reset();
  EXPECT_EQ(take_all(t).size(), 1u);
}

TEST(tracer, a_span_that_ends_as_an_exception_passes_has_failed) {
  tracer t;
  t.open(3, 1, 1);
  auto of = sampled();
  try {
    auto open = t.begin_span(of, {});
    throw std::runtime_error{"x"};
  } catch (const std::runtime_error&) {
    t.begin_span(of, {}).reset(); // begun and ended while one is handled: that is no failure
  }
  auto got = take_all(t);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].failed, drop_reason::worker_failed);
  EXPECT_FALSE(got[1].is_error());
}

TEST(tracer, the_words_of_a_failure_are_short_and_printable) {
  tracer t;
  t.open(3, 1, 1);
  auto of = sampled();
  auto open = t.begin_span(of, {});
  open->failed(drop_reason::service_error, "bad\n" + std::string(10'000, 'x'));
  open.reset();
  auto got = take_all(t);
  EXPECT_EQ(got.at(0).failed, drop_reason::service_error);
  EXPECT_TRUE(got[0].detail.starts_with("bad\\x0a"));
  EXPECT_LT(got[0].detail.size(), 4 * span::most_detail);
}

TEST(tracer, enough_spans_or_a_call_end_the_wait) {
  tracer t;
  t.open(10, 2, 1);
  auto later = clock::now() + 1min;
  std::thread puts{[&] {
    t.take({});
    t.take({});
  }};
  EXPECT_EQ(t.wait(10, later).size(), 2u);
  puts.join();
  std::thread wakes{[&] { t.wake(); }};
  EXPECT_TRUE(t.wait(10, later).empty());
  wakes.join();
  EXPECT_LT(clock::now(), later);
}

TEST(tracer, threads_that_put_in_and_one_that_takes_out_lose_none_but_those_that_are_counted) {
  constexpr int threads = 4, each = 5'000;
  tracer t;
  t.open(64, 16, 1);
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i)
    all.emplace_back([&] {
      auto of = sampled();
      for (int n = 0; n < each; ++n)
        t.begin_span(of, {}).reset();
    });
  std::size_t taken = 0;
  while (t.figures().kept < threads * each)
    taken += t.wait(16, clock::now() + 1ms).size();
  for (auto& one : all)
    one.join();
  taken += take_all(t).size();
  auto c = t.figures();
  EXPECT_EQ(c.kept, static_cast<std::uint64_t>(threads * each));
  EXPECT_EQ(taken + c.dropped, c.kept);
}

} // namespace
} // namespace ockam
