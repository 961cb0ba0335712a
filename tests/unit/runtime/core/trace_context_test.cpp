// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/trace_context.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace ockam {
namespace {

const std::string ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

TEST(trace_context, is_read_and_written_as_w3c_shows_it) {
  auto t = parse_traceparent("00-" + ids + "-01");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->trace_id_text(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(t->span_id_text(), "00f067aa0ba902b7");
  EXPECT_TRUE(t->is_sampled());
  EXPECT_EQ(t->traceparent(), "00-" + ids + "-01");
  EXPECT_EQ(t->traceparent().size(), trace_context::traceparent_size);
}

TEST(trace_context, flags_that_nobody_knows_yet_travel_on) {
  auto t = parse_traceparent("00-" + ids + "-fe");
  ASSERT_TRUE(t);
  EXPECT_FALSE(t->is_sampled());
  EXPECT_EQ(t->traceparent(), "00-" + ids + "-fe");
}

TEST(trace_context, what_is_no_traceparent_is_none) {
  for (const auto& text : std::vector<std::string>{"", "00", "00-" + ids, "00-" + ids + "-0", "00-" + ids + "-01 ", " 00-" + ids + "-01",
                           "00-" + ids + "-01-", "00-" + ids + "-01-x", "00-" + ids + "-0g", "ff-" + ids + "-01", "0-" + ids + "-01",
                           "00_" + ids + "-01", "00-" + ids + "_01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                           std::string{"00-00000000000000000000000000000000-00f067aa0ba902b7-01"},
                           std::string{"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"},
                           std::string{"00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01"}, std::string(55, '-'), std::string(55, '\0')})
    EXPECT_FALSE(parse_traceparent(text)) << text;
}

TEST(trace_context, of_a_later_version_what_is_known_counts) {
  for (const auto& text : {"01-" + ids + "-01", "cc-" + ids + "-01", "cc-" + ids + "-01-what the future will be like", "fe-" + ids + "-01-"}) {
    auto t = parse_traceparent(text);
    ASSERT_TRUE(t) << text;
    EXPECT_EQ(t->traceparent(), "00-" + ids + "-01") << "goes on as the version that this node knows";
  }
  EXPECT_FALSE(parse_traceparent("cc-" + ids + "-01.what"));
  EXPECT_FALSE(parse_traceparent("cc-" + ids + "-0"));
}

TEST(trace_context, a_state_has_512_printable_bytes_and_32_members_at_most) {
  EXPECT_TRUE(is_tracestate(""));
  EXPECT_TRUE(is_tracestate("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE , x@y=\"\\\t"));
  EXPECT_TRUE(is_tracestate(std::string(512, 'x')));
  EXPECT_FALSE(is_tracestate(std::string(513, 'x')));
  EXPECT_TRUE(is_tracestate(std::string(31, ',')));
  EXPECT_FALSE(is_tracestate(std::string(32, ',')));
  for (auto c : {'\0', '\n', '\x1f', '\x7f', '\x80', '\xff'})
    EXPECT_FALSE(is_tracestate(std::string{"a="} + c)) << static_cast<int>(c);
}

TEST(trace_context, traces_that_begin_here_have_ids_of_their_own) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    auto t = begin_trace(1);
    EXPECT_TRUE(t.is_sampled());
    EXPECT_EQ(parse_traceparent(t.traceparent()), t);
    seen.insert(t.trace_id_text());
    seen.insert(t.span_id_text());
  }
  EXPECT_EQ(seen.size(), 2000u);
}

TEST(trace_context, about_as_many_are_sampled_as_are_to_be) {
  auto sampled_of = [](double ratio) {
    int n = 0;
    for (int i = 0; i < 10'000; ++i)
      n += begin_trace(ratio).is_sampled();
    return n;
  };
  EXPECT_EQ(sampled_of(0), 0);
  EXPECT_EQ(sampled_of(1), 10'000);
  EXPECT_NEAR(sampled_of(0.25), 2500, 400); // nine standard deviations
}

} // namespace
} // namespace ockam
