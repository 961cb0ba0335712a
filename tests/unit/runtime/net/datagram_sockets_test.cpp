// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/datagram_sockets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace ockam {
namespace {

const ip_endpoint here = *parse_ip_endpoint("127.0.0.1:4000");
const ip_endpoint here_again = here;
const ip_endpoint there = *parse_ip_endpoint("127.0.0.1:4001");

/// Datagrams of these sizes to one peer; what they hold does not matter.
std::vector<net::datagrams::outbound> datagrams(const std::vector<std::size_t>& sizes, const ip_endpoint* to = nullptr) {
  static std::array<std::byte, 65'507> bytes;
  std::vector<net::datagrams::outbound> out;
  for (auto size : sizes)
    out.push_back({to, {iovec{bytes.data(), size / 2}, iovec{bytes.data(), size - size / 2}}});
  return out;
}

std::size_t equal(const std::vector<std::size_t>& sizes) {
  return equal_datagrams(datagrams(sizes));
}

TEST(equal_datagrams, are_those_with_the_size_of_the_first) {
  EXPECT_EQ(equal({100}), 1u);
  EXPECT_EQ(equal({100, 100, 100}), 3u);
  EXPECT_EQ(equal({100, 100, 101, 100}), 2u);
}

TEST(equal_datagrams, end_with_one_that_is_shorter) {
  EXPECT_EQ(equal({100, 100, 1, 100}), 3u);
  EXPECT_EQ(equal({100, 99}), 2u);
}

TEST(equal_datagrams, have_bytes) {
  EXPECT_EQ(equal({0, 0}), 1u);
  EXPECT_EQ(equal({100, 0}), 1u);
}

TEST(equal_datagrams, are_as_many_as_the_system_takes) {
  EXPECT_EQ(equal(std::vector<std::size_t>(100, 10)), 64u);
  EXPECT_EQ(equal(std::vector<std::size_t>(40, 10'000)), 6u); // 65,507 bytes at most
}

TEST(equal_datagrams, go_to_one_peer) {
  auto to_here = datagrams({100, 100}, &here);
  to_here.push_back(datagrams({100}, &here_again)[0]);
  to_here.push_back(datagrams({100}, &there)[0]);
  EXPECT_EQ(equal_datagrams(to_here), 3u);
  to_here[1].to = nullptr;
  EXPECT_EQ(equal_datagrams(to_here), 1u);
}

TEST(local_addresses, have_the_loopback_one) {
  auto loopback = *parse_ip_endpoint("127.0.0.1:0");
  auto all = local_addresses();
  EXPECT_NE(std::find(all.begin(), all.end(), loopback), all.end());
}

} // namespace
} // namespace ockam
