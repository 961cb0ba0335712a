// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/access_control.hpp"

#include "runtime/core/provenance.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

constexpr std::uint32_t link = 1, listener = 2, services = 3;

message from_peer(const char* identity = nullptr) {
  message m;
  provenance::let_in(m, {link, listener, services, identity ? std::make_shared<const std::string>(identity) : nullptr});
  return m;
}

bool takes(const access_control::incoming& from, const message& m) {
  return access_control{from, {}}.admits(m);
}

TEST(access_control, without_a_rule_everything_is_allowed) {
  EXPECT_TRUE(access_control{}.admits(message{}));
  EXPECT_TRUE(access_control{}.admits(from_peer()));
  EXPECT_TRUE(access_control{}.may_send_to(address{"x"}, true));
}

TEST(access_control, an_empty_rule_admits_nobody) {
  EXPECT_FALSE(takes({}, message{}));
  EXPECT_FALSE(takes({}, from_peer("uid=1")));
}

TEST(access_control, takes_messages_by_source) {
  EXPECT_TRUE(takes({.local = true}, message{}));
  EXPECT_FALSE(takes({.local = true}, from_peer()));
  for (auto flow : {link, listener, services})
    EXPECT_TRUE(takes({.flows = {flow}}, from_peer())) << flow;
  EXPECT_FALSE(takes({.flows = {7}}, from_peer()));
  EXPECT_FALSE(takes({.flows = {0}}, message{})) << "no id is none that may be listed";
}

TEST(access_control, takes_messages_of_proved_identities_to_the_letter) {
  access_control::incoming from{.identities = {"uid=1000", "CN=n1"}};
  EXPECT_TRUE(takes(from, from_peer("uid=1000")));
  EXPECT_TRUE(takes(from, from_peer("CN=n1")));
  for (auto other : {"uid=10000", "uid=100", "cn=n1", "CN=n1,O=x", ""})
    EXPECT_FALSE(takes(from, from_peer(other))) << other;
  EXPECT_FALSE(takes(from, from_peer()));
}

TEST(access_control, looks_through_hops_and_takes_an_answer_for_the_workers_own) {
  auto m = from_peer("uid=1000");
  provenance::pass_on(m);
  EXPECT_FALSE(takes({.local = true}, m));
  EXPECT_TRUE(takes({.identities = {"uid=1000"}}, m));
  provenance::answer(m);
  provenance::pass_on(m);
  EXPECT_TRUE(takes({.local = true}, m));
  EXPECT_FALSE(takes({.identities = {"uid=1000"}}, m));
  EXPECT_TRUE(m.is_imported()) << "still not for the dialer to connect to anybody for";
}

TEST(access_control, sends_to_what_is_listed_or_stays_in_the_node) {
  access_control some{{}, access_control::outgoing{.to = {address{"a"}}}};
  EXPECT_TRUE(some.may_send_to(address{"a"}, false));
  EXPECT_FALSE(some.may_send_to(address{"b"}, false));
  access_control local{{}, access_control::outgoing{.local = true}};
  EXPECT_TRUE(local.may_send_to(address{"b"}, false));
  EXPECT_FALSE(local.may_send_to(address{"b"}, true));
}

TEST(access_control, is_read_from_words_with_bars_between) {
  auto all = parse_allow_from("local |uid=1000|  CN=n1,O=Example ");
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->local);
  EXPECT_EQ(all->identities, (std::vector<std::string>{"uid=1000", "CN=n1,O=Example"}));
  for (auto bad : {"", "locals", "local|", "n1 | uid=3"})
    EXPECT_FALSE(parse_allow_from(bad)) << bad;
}

TEST(access_control, where_one_may_send_is_read_from_words_with_bars_between) {
  auto all = parse_allow_to("local | to-n2|CN=n1,O=x");
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->local);
  EXPECT_EQ(all->to, (std::vector<address>{address{"to-n2"}, address{"CN=n1,O=x"}}));
  for (auto bad : {"", "a||b", "local|"})
    EXPECT_FALSE(parse_allow_to(bad)) << bad;
}

} // namespace
} // namespace ockam
