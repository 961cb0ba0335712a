// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/report_windows.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

using namespace std::chrono_literals;

constexpr auto most = report_windows::of_source;

class reports_of : public testing::Test {
 protected:
  /// How many of `n` go out.
  std::size_t take(std::size_t n, std::uint32_t link, const std::string& peer = {}) {
    std::size_t out = 0;
    for (std::size_t i = 0; i < n; ++i)
      out += all.take(link, peer, now);
    return out;
  }
  report_windows all;
  report_windows::clock::time_point now{1h};
};

TEST_F(reports_of, a_link_are_so_many_a_second) {
  EXPECT_EQ(take(500, 1), most);
  EXPECT_EQ(take(500, 2), most);
  now += 999ms;
  EXPECT_EQ(take(1, 1), 0u);
  now += 1ms;
  EXPECT_EQ(take(500, 1), most);
}

TEST_F(reports_of, a_peer_do_not_count_for_another_behind_the_same_link) {
  EXPECT_EQ(take(500, 1, "a"), most);
  EXPECT_EQ(take(20, 1, "b"), 20u);
  EXPECT_EQ(take(500, 2, "a"), most);
}

TEST_F(reports_of, all_peers_of_a_link_are_bounded_together) {
  std::size_t n = 0;
  for (int i = 0; i < 50; ++i)
    n += take(most, 1, std::to_string(i));
  EXPECT_EQ(n, report_windows::of_shared_link);
  EXPECT_EQ(take(20, 2, "b"), 20u);
}

TEST_F(reports_of, ever_new_peers_take_no_more_memory_than_so_many) {
  for (int i = 0; i < 100'000; ++i) {
    if (i % 900 == 0)
      now += 1s;
    EXPECT_EQ(take(1, 1, std::to_string(i)), 1u);
  }
  EXPECT_LE(all.peers(), report_windows::most_peers);
}

TEST_F(reports_of, a_link_that_is_gone_leave_nothing_behind) {
  take(1, 1, "a");
  take(1, 1, "b");
  take(1, 2, "c");
  all.forget(1);
  EXPECT_EQ(all.peers(), 1u);
}

} // namespace
} // namespace ockam
