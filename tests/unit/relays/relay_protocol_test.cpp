// SPDX-License-Identifier: Apache-2.0
#include "relays/relay_protocol.hpp"
#include "runtime/core/bare.hpp"
#include "runtime/core/hex.hpp"
#include "runtime/core/message.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

std::span<const std::byte> bytes(std::string_view s) { return std::as_bytes(std::span{s}); }

std::vector<std::byte> from_hex(std::string_view digits) {
  auto read = parse_hex(digits);
  EXPECT_TRUE(read);
  return *read;
}

result<std::string> name_in(std::string_view name, std::size_t most = 255) {
  return read_registration(bare::encode_string(name), most);
}

// What the reference sends and answers, as recorded between two of its nodes.

TEST(relay_protocol, reads_the_registration_of_the_reference) {
  EXPECT_EQ(*read_registration(from_hex("026e33"), 255), "n3");
  EXPECT_EQ(*read_registration(from_hex("0171"), 255), "q");
}

TEST(relay_protocol, a_registration_for_any_name_gets_32_hex_digits) {
  auto one = read_registration(from_hex("087265676973746572"), 255), two = name_in("register");
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->size(), 32u);
  EXPECT_EQ(one->find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(*one, *two);
}

TEST(relay_protocol, reads_the_answer_of_the_reference) {
  EXPECT_EQ(read_relay_reply(from_hex("0d666f72776172645f746f5f6e33"), "n3"), "forward_to_n3");
  EXPECT_EQ(read_relay_reply(from_hex("0d666f72776172645f746f5f6e33"), "n4"), std::nullopt);
  EXPECT_EQ(read_relay_reply(from_hex("0d666f7277"), "n3"), std::nullopt);
}

TEST(relay_protocol, a_ping_is_a_number_in_cbor) {
  auto recorded = from_hex("1b6be78dbbf0965e5e");
  EXPECT_EQ(read_ping(recorded), 7775339120013237854u);
  auto ours = ping_payload(7775339120013237854u);
  EXPECT_TRUE(std::equal(recorded.begin(), recorded.end(), ours.bytes().begin(), ours.bytes().end()));
  EXPECT_EQ(read_ping(ping_payload(3).bytes()), 3u);
  EXPECT_EQ(ping_payload(3).size(), 1u);
  EXPECT_EQ(read_ping({}), std::nullopt);
  EXPECT_EQ(read_ping(bytes("hello")), std::nullopt);
}

// What others may send.

TEST(relay_protocol, the_empty_name_is_a_name) { EXPECT_EQ(*name_in(""), ""); }

TEST(relay_protocol, what_follows_the_name_is_ignored) {
  EXPECT_EQ(*read_registration(from_hex("026e33ffff"), 255), "n3");
}

TEST(relay_protocol, refuses_what_is_no_name) {
  for (const auto* payload : {"", "02", "026e", "ff", "ffffffffffffffffff01", "02c328"})
    EXPECT_EQ(read_registration(from_hex(payload), 255).error().code, errc::malformed) << payload;
  for (std::string_view name : {"a#b", "a\nb", "\x1b[2J", "\x7f"})
    EXPECT_EQ(name_in(name).error().code, errc::invalid_argument);
}

TEST(relay_protocol, names_the_key_that_says_how_long_a_name_may_be) {
  EXPECT_TRUE(name_in(std::string(10, 'x'), 10));
  auto longer = name_in(std::string(11, 'x'), 10);
  EXPECT_EQ(longer.error().code, errc::too_large);
  EXPECT_NE(longer.error().cause.find("max-relay-name"), std::string::npos);
}

TEST(relay_protocol, the_way_of_a_relay_is_the_return_route_without_the_worker_that_asked) {
  EXPECT_EQ(*way_of_relay({"link", "worker"}), route{"link"});
  EXPECT_EQ(*way_of_relay({"link", "hop", "worker"}), (route{"link", "hop"}));
}

TEST(relay_protocol, a_way_without_a_link_would_make_the_relay_a_hop_and_is_refused) {
  EXPECT_EQ(way_of_relay({}).error().code, errc::invalid_route);
  EXPECT_EQ(way_of_relay({"link"}).error().code, errc::invalid_route);
}

TEST(relay_protocol, what_a_relay_keeps_of_a_route_is_bounded) {
  EXPECT_TRUE(way_of_relay(route(33, "x")));
  EXPECT_EQ(way_of_relay(route(34, "x")).error().code, errc::too_large);
  EXPECT_EQ(way_of_relay({"link", std::string(1024, 'a'), std::string(1024, 'b'), std::string(1024, 'c'),
                          std::string(1024, 'd'), "worker"})
              .error()
              .code,
            errc::too_large);
}

} // namespace
} // namespace ockam
