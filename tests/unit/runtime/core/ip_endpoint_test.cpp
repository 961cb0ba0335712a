// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/ip_endpoint.hpp"

#include <gtest/gtest.h>

#include <net/if.h>
#include <string>
#include <unordered_set>

namespace ockam {
namespace {

TEST(ip_endpoint, text_and_back) {
  for (auto text : {"1.2.3.4:5", "255.255.255.255:65535", "0.0.0.0:0", "[::1]:80", "[fe80::1%lo]:4000", "[fe80::1%4000000000]:4000",
                    "[2001:db8::ffff:ffff:ffff:ffff]:9"}) {
    auto e = parse_ip_endpoint(text);
    ASSERT_TRUE(e) << text;
    EXPECT_EQ(to_string(*e), text);
  }
}

TEST(ip_endpoint, a_mapped_ipv4_address_is_that_address) {
  EXPECT_EQ(parse_ip_endpoint("[::ffff:1.2.3.4]:5"), parse_ip_endpoint("1.2.3.4:5"));
}

TEST(ip_endpoint, an_interface_by_its_number_is_the_same_as_by_its_name) {
  auto number = ::if_nametoindex("lo");
  ASSERT_NE(number, 0u);
  EXPECT_EQ(parse_ip_endpoint("[fe80::1%" + std::to_string(number) + "]:5"), parse_ip_endpoint("[fe80::1%lo]:5"));
}

TEST(ip_endpoint, refuses_what_is_none) {
  for (auto text : {"", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3:4", "localhost:1", "::1:80",
                    "[]:1", "[1.2.3.4]:1", "[::1]", "[::1%]:1", "[::1%x]:1", "[fe80::1%nosuchinterface]:1", "[fe80::1%lo%lo]:1", "[fe80::1%an-interface-of-a-long-name]:1",
                     "1.2.3.4:5 ", "1.2.3.04:5", "1.2.3.256:5", "1.2.3.4.5:6", "+1.2.3.4:5", "1..3.4:5",
                    " 1.2.3.4:5", "1.2.3.4.:5", "-1.2.3.4:5"})
    EXPECT_FALSE(parse_ip_endpoint(text)) << text;
  EXPECT_FALSE(parse_ip_endpoint(std::string(10'000, '1') + ":1"));
}

TEST(ip_endpoint, each_part_counts) {
  std::unordered_set<ip_endpoint, ip_endpoint_hash> all;
  for (auto text : {"1.2.3.4:5", "1.2.3.4:6", "1.2.3.5:5", "[::1]:5", "[::2]:5", "[fe80::1%1]:5", "[fe80::1%2]:5"})
    all.insert(*parse_ip_endpoint(text));
  EXPECT_EQ(all.size(), 7u);
}

} // namespace
} // namespace ockam
