// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/address.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

TEST(address, text_names_the_type) {
  EXPECT_EQ(to_string(address{"echo"}), "0#echo");
  EXPECT_EQ(to_string(address{transport_type::tcp, "127.0.0.1:4000"}), "1#127.0.0.1:4000");
  EXPECT_EQ(to_string(address{""}), "0#");
}

TEST(address, reads_plain_and_typed_names) {
  for (auto text : {"0#echo", "echo"}) {
    auto a = parse_address(text);
    ASSERT_TRUE(a) << text;
    EXPECT_EQ(*a, address{"echo"});
  }
  auto tcp = parse_address("1#10.0.0.1:4000");
  ASSERT_TRUE(tcp);
  EXPECT_EQ(*tcp, (address{transport_type::tcp, "10.0.0.1:4000"}));
  auto empty = parse_address("");
  ASSERT_TRUE(empty);
  EXPECT_EQ(*empty, address{""});
}

TEST(address, refuses_what_is_none) {
  for (auto text : {"256#a", "x#a", "1#2#a", "-1#a", " 1#a", "99999999999999999999#a"}) {
    auto a = parse_address(text);
    ASSERT_FALSE(a) << text;
    EXPECT_EQ(a.error().code, errc::invalid_address);
    EXPECT_FALSE(a.error().cause.empty());
  }
  EXPECT_TRUE(parse_address(std::string(max_name_length, 'a')));
  EXPECT_FALSE(parse_address(std::string(max_name_length + 1, 'a')));
}

TEST(address, hostile_names_do_not_reach_a_terminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\n"), "a\\x1b[2Jb\\x0a");
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(printable("grüße"), "grüße");
  EXPECT_EQ(printable(std::string_view{"\0", 1}), "\\x00");
}

TEST(address, random_ones_are_32_hex_digits_and_differ) {
  auto a = random_address(), b = random_address();
  EXPECT_TRUE(a.is_local());
  EXPECT_EQ(a.name.size(), 32u);
  EXPECT_EQ(a.name.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(a, b);
}

TEST(address, views_find_what_addresses_entered) {
  address a{transport_type::tcp, "h:1"};
  EXPECT_EQ(address_hash{}(a), address_hash{}(address_view{transport_type::tcp, "h:1"}));
  EXPECT_TRUE(address_equal{}(a, address_view{transport_type::tcp, "h:1"}));
  EXPECT_FALSE(address_equal{}(a, address_view{transport_type::local, "h:1"}));
}

} // namespace
} // namespace ockam
