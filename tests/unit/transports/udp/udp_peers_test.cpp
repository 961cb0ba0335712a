// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_peers.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace ockam {
namespace {

using namespace std::chrono_literals;

class udp_peers_test : public testing::Test {
 protected:
  using peers = udp_peers<std::string>;

  static ip_endpoint at(const std::string& text) { return parse_ip_endpoint(text).value(); }
  static ip_endpoint port(int n) { return at("10.0.0.1:" + std::to_string(n)); }

  peers::peer& hear(const ip_endpoint& from) {
    return tested_.hear(from, now_, [this](peers::peer& gone) { forgotten_.push_back(to_string(gone.at)); });
  }
  void make_known(const ip_endpoint& from) {
    for (std::uint32_t i = 0; i < peers::messages_to_be_known; ++i)
      tested_.has_sent(hear(from));
  }
  bool knows(const ip_endpoint& a) { return tested_.find(a) != nullptr; }

  peers tested_{16};
  peers::clock::time_point now_{1h};
  std::vector<std::string> forgotten_;
};

TEST_F(udp_peers_test, who_was_not_heard_of_for_longest_makes_place) {
  for (int i = 1; i <= 16; ++i)
    hear(port(i)).state = std::to_string(i);
  hear(port(1));
  EXPECT_TRUE(forgotten_.empty());
  hear(port(17));
  EXPECT_EQ(forgotten_, std::vector<std::string>{"10.0.0.1:2"});
  EXPECT_EQ(tested_.find(port(1))->state, "1");
  EXPECT_EQ(tested_.size(), 16u);
}

TEST_F(udp_peers_test, newcomers_displace_newcomers_before_known_ones_and_these_before_proven_ones) {
  make_known(port(1));
  tested_.has_received(hear(port(2)));
  for (int i = 100; i < 1000; ++i)
    hear(port(i));
  EXPECT_TRUE(knows(port(1)));
  EXPECT_TRUE(knows(port(2)));
  for (int i = 1000; i < 2000; ++i)
    make_known(port(i));
  EXPECT_FALSE(knows(port(1)));
  EXPECT_TRUE(knows(port(2)));
}

TEST_F(udp_peers_test, newcomers_keep_a_quarter_of_the_table) {
  for (int i = 1; i <= 16; ++i)
    tested_.has_received(hear(port(i)));
  for (int i = 100; i < 200; ++i)
    hear(port(i));
  for (int i = 196; i < 200; ++i)
    EXPECT_TRUE(knows(port(i))) << i;
  int proven = 0;
  for (int i = 1; i <= 16; ++i)
    proven += knows(port(i));
  EXPECT_EQ(proven, 12);
}

TEST_F(udp_peers_test, a_host_of_many_ports_displaces_itself_before_other_hosts) {
  hear(at("10.9.9.9:1"));
  hear(at("[2001:db8::1]:1"));
  for (int i = 1; i < 1000; ++i)
    hear(port(i));
  EXPECT_TRUE(knows(at("10.9.9.9:1")));
  hear(at("[2001:db8::1]:1")); // no longer the oldest, which makes place until it is clear who is many
  for (int i = 1; i < 1000; ++i) // a network of IPv6 is one host
    hear(at("[2001:db8:0:1::" + std::to_string(i) + "]:1"));
  EXPECT_TRUE(knows(at("[2001:db8::1]:1")));
}

TEST_F(udp_peers_test, who_is_silent_is_forgotten_whatever_it_has_shown) {
  hear(port(1));
  make_known(port(2));
  tested_.has_received(hear(port(3)));
  now_ += 1min;
  hear(port(3));
  tested_.sweep(now_, 1min, [this](peers::peer& gone) { forgotten_.push_back(to_string(gone.at)); });
  EXPECT_EQ(forgotten_, (std::vector<std::string>{"10.0.0.1:1", "10.0.0.1:2"}));
  EXPECT_EQ(tested_.size(), 1u);
}

/// Whatever happens: within the bound, everybody in it is found, and nobody is forgotten twice.
TEST_F(udp_peers_test, random_sources) {
  std::mt19937 random{5};
  std::set<std::string> there;
  auto forget = [&](peers::peer& gone) { EXPECT_EQ(there.erase(to_string(gone.at)), 1u); };
  for (int i = 0; i < 20'000; ++i) {
    auto from = at("10.0.0." + std::to_string(random() % 4) + ":" + std::to_string(1 + random() % 20));
    now_ += std::chrono::milliseconds{random() % 20};
    auto& p = tested_.hear(from, now_, forget);
    there.insert(to_string(from));
    if (random() % 3 == 0)
      tested_.has_sent(p);
    if (random() % 20 == 0)
      tested_.has_received(p);
    if (random() % 50 == 0)
      tested_.sweep(now_, 200ms, forget);
    ASSERT_LE(tested_.size(), 16u);
    ASSERT_EQ(tested_.size(), there.size());
  }
  for (const auto& a : there)
    EXPECT_TRUE(knows(at(a))) << a;
}

} // namespace
} // namespace ockam
