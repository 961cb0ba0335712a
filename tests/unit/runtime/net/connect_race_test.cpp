// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/connect_race.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ockam {
namespace {

std::vector<std::string> order(const std::vector<std::string>& hosts) {
  std::vector<ip_endpoint> addresses;
  for (const auto& h : hosts)
    addresses.push_back(*parse_ip_endpoint(h + ":1"));
  std::vector<std::string> out;
  for (const auto& a : interleaved(addresses)) {
    auto text = to_string(a);
    out.push_back(text.substr(0, text.size() - 2));
  }
  return out;
}

using strings = std::vector<std::string>;

TEST(interleaved, lets_the_families_take_turns) {
  EXPECT_EQ(order({"[::1]", "[::2]", "[::3]", "1.1.1.1", "2.2.2.2"}), (strings{"[::1]", "1.1.1.1", "[::2]", "2.2.2.2", "[::3]"}));
}

TEST(interleaved, begins_with_what_the_system_prefers) {
  EXPECT_EQ(order({"1.1.1.1", "2.2.2.2", "[::1]"}), (strings{"1.1.1.1", "[::1]", "2.2.2.2"}));
}

TEST(interleaved, leaves_one_family_as_it_is) {
  EXPECT_EQ(order({"3.3.3.3", "1.1.1.1", "2.2.2.2"}), (strings{"3.3.3.3", "1.1.1.1", "2.2.2.2"}));
  EXPECT_EQ(order({}), strings{});
}

} // namespace
} // namespace ockam
