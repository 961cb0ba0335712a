// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/backoff.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ockam {
namespace {

using std::chrono::milliseconds;

TEST(backoff, grows_by_half_up_to_the_cap_less_a_quarter_at_most) {
  backoff b{{milliseconds{200}, milliseconds{5'000}}, 1};
  double whole = 200;
  for (int i = 0; i < 50; ++i) {
    auto d = b.next();
    EXPECT_LE(d.count(), whole + 1);
    EXPECT_GE(d.count(), whole * 3 / 4 - 10);
    whole = std::min(5'000.0, whole * 1.5);
  }
}

TEST(backoff, begins_anew_after_a_success) {
  backoff b{{milliseconds{100}, milliseconds{60'000}}, 7};
  for (int i = 0; i < 10; ++i)
    (void)b.next();
  b.reset();
  EXPECT_LE(b.next(), milliseconds{100});
}

TEST(backoff, equal_seeds_give_equal_delays_and_others_do_not) {
  auto row = [](std::uint32_t seed) {
    backoff b{{milliseconds{200}, milliseconds{5'000}}, seed};
    std::vector<milliseconds> out;
    for (int i = 0; i < 20; ++i)
      out.push_back(b.next());
    return out;
  };
  EXPECT_EQ(row(3), row(3));
  EXPECT_NE(row(3), row(4));
}

TEST(backoff, a_range_of_one_value_is_that_value_less_a_quarter_at_most) {
  backoff b{{milliseconds{10}, milliseconds{10}}, 1};
  for (int i = 0; i < 20; ++i) {
    auto d = b.next();
    EXPECT_GE(d, milliseconds{8});
    EXPECT_LE(d, milliseconds{10});
  }
}

} // namespace
} // namespace ockam
