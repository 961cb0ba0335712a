// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/ws_address.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

TEST(ws_address, reads_urls_and_plain_endpoints) {
  struct {
    const char* text;
    ws_address want;
  } const cases[] = {
    {"ws://127.0.0.1:4000", {{"127.0.0.1", 4000}, "/", false}},
    {"wss://example.org", {{"example.org", 443}, "/", true}},
    {"ws://example.org/ockam", {{"example.org", 80}, "/ockam", false}},
    {"wss://[::1]:4000/a/b?c=d", {{"::1", 4000}, "/a/b?c=d", true}},
    {"ws://[::1]", {{"::1", 80}, "/", false}},
    {"ws://h:1?x", {{"h", 1}, "/?x", false}},
    {"127.0.0.1:4000", {{"127.0.0.1", 4000}, "/", false}},
    {"4000", {{"127.0.0.1", 4000}, "/", false}},
    {"ws://[fe80::1%25eth0]:4000/a%25b", {{"fe80::1%eth0", 4000}, "/a%25b", false}},
    {"wss://[fe80::1%25eth0.100]", {{"fe80::1%eth0.100", 443}, "/", true}},
    {"ws://[fe80::1%eth0]:4000", {{"fe80::1%eth0", 4000}, "/", false}},
    {"[fe80::1%eth0]:4000", {{"fe80::1%eth0", 4000}, "/", false}},
    {"wss://example.org./x", {{"example.org.", 443}, "/x", true}},
  };
  for (const auto& c : cases) {
    auto a = parse_ws_address(c.text);
    ASSERT_TRUE(a) << c.text << ": " << a.error().cause;
    EXPECT_EQ(*a, c.want) << c.text;
    auto again = parse_ws_address(to_string(*a));
    ASSERT_TRUE(again) << to_string(*a);
    EXPECT_EQ(*again, c.want);
  }
}

TEST(ws_address, refuses_what_is_none) {
  const std::string over_long = "ws://h/" + std::string(2000, 'a');
  for (const auto& text : {std::string{}, std::string{"ws://"}, std::string{"wss:///path"}, std::string{"http://h"}, std::string{"ws://h:70000"},
                           std::string{"ws://h:1/a b"}, std::string{"ws://h:1/a\r\nX: y"}, std::string{"ws://a b:1"}, std::string{"ws://u@h:1"}, std::string{"ws://[fe80::1]:1"}, std::string{"ws://a%25b:1"}, over_long}) {
    auto a = parse_ws_address(text);
    ASSERT_FALSE(a) << text;
    EXPECT_EQ(a.error().code, errc::invalid_address);
  }
}

TEST(ws_address, listens_on_literal_addresses_only) {
  EXPECT_TRUE(parse_ws_listen_address("ws://127.0.0.1:0"));
  EXPECT_TRUE(parse_ws_listen_address("wss://[::]:443/ockam"));
  EXPECT_TRUE(parse_ws_listen_address("127.0.0.1:4000"));
  EXPECT_FALSE(parse_ws_listen_address("ws://example.org:80"));
  EXPECT_FALSE(parse_ws_listen_address("4000"));
}

} // namespace
} // namespace ockam
