// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/fine_histogram.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

TEST(fine_histogram, classes_follow_each_other_without_a_gap) {
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < fine_histogram::size; ++i) {
    auto least = fine_histogram::least_ns(i);
    ASSERT_EQ(fine_histogram::class_of(least), i);
    ASSERT_TRUE(i == 0 || least > last);
    if (i > 0) {
      ASSERT_EQ(fine_histogram::class_of(least - 1), i - 1);
    }
    last = least;
  }
  EXPECT_EQ(fine_histogram::class_of(~std::uint64_t{0}), fine_histogram::size - 1);
}

TEST(fine_histogram, quantiles_are_right_to_three_percent) {
  fine_histogram h;
  EXPECT_EQ(h.quantile_ns(0.5), 0u);
  for (int i = 1; i <= 100'000; ++i)
    h.add(std::chrono::microseconds{i});
  for (double part : {0.5, 0.9, 0.99, 0.999, 1.0}) {
    auto exact = part * 1e8;
    EXPECT_NEAR(static_cast<double>(h.quantile_ns(part)), exact, exact * 0.033) << part;
  }
  EXPECT_EQ(h.total(), 100'000u);
  EXPECT_EQ(h.sum(), std::chrono::microseconds{std::int64_t{100'000} * 100'001 / 2});
}

TEST(fine_histogram, counts_what_is_below_a_power_of_two) {
  fine_histogram h;
  for (std::int64_t ns : {1, 4095, 4096, 1 << 20})
    h.add(std::chrono::nanoseconds{ns});
  h.add(std::chrono::hours{1});
  h.add(std::chrono::nanoseconds{-5});
  EXPECT_EQ(h.below_power(12), 3u);
  EXPECT_EQ(h.below_power(13), 4u);
  EXPECT_EQ(h.below_power(34), 5u);
  EXPECT_EQ(h.total(), 6u);
}

} // namespace
} // namespace ockam
