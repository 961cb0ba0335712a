// SPDX-License-Identifier: Apache-2.0
#include "runtime/restart_backoff.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ockam {
namespace {

using namespace std::chrono_literals;

const restart_backoff::clock::time_point begin{1h};

TEST(restart_backoff, lets_the_first_come_at_once_and_doubles_up_to_ten_seconds) {
  restart_backoff b;
  b.started(begin);
  std::vector<std::int64_t> delays;
  for (int i = 0; i < 10; ++i)
    delays.push_back(b.next(begin + 1s).count());
  EXPECT_EQ(delays, (std::vector<std::int64_t>{0, 100, 200, 400, 800, 1600, 3200, 6400, 10'000, 10'000}));
}

TEST(restart_backoff, begins_anew_once_it_has_run_for_ten_seconds) {
  restart_backoff b;
  for (int i = 0; i < 4; ++i) {
    b.started(begin);
    (void)b.next(begin + 9'999ms);
  }
  b.started(begin);
  EXPECT_EQ(b.next(begin + 9'999ms), 800ms);
  b.started(begin);
  EXPECT_EQ(b.next(begin + 10s), 0ms);
  EXPECT_EQ(b.next(begin + 10s), 100ms);
}

TEST(restart_backoff, grows_where_it_could_not_even_begin) {
  restart_backoff b;
  b.started(begin);
  (void)b.next(begin + 1s);
  EXPECT_EQ(b.next(begin + 1h), 100ms); // an hour of waiting is not an hour of running
  EXPECT_EQ(b.next(begin + 2h), 200ms);
}

} // namespace
} // namespace ockam
