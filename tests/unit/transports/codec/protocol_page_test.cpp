// SPDX-License-Identifier: Apache-2.0
// The bytes in docs/protocol.md are those that this node writes.
#include "proto/routing.pb.h"
#include "runtime/core/bare.hpp"
#include "runtime/core/multiaddr.hpp"
#include "runtime/core/watch_codec.hpp"
#include "support/test_data.hpp"
#include "transports/codec/native_codec.hpp"
#include "transports/codec/stream_codec.hpp"
#include "transports/codec/wire_codec.hpp"
#include "transports/udp/udp_codec.hpp"
#include "transports/udp/udp_reassembly.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

namespace ockam {
namespace {

std::string page() {
  std::ifstream in{test_data("../../docs/protocol.md")};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// As the page writes bytes: `05 68 65`.
std::string spaced_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (unsigned char c : bytes) {
    out += digits[c >> 4];
    out += digits[c & 15];
    out += ' ';
  }
  if (!out.empty())
    out.pop_back();
  return out;
}

std::string text(std::span<const std::byte> b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

std::string encode(const message_codec& codec, const route_header& h, std::string_view body) {
  auto extra = codec.extras(h);
  std::string out(codec.measure(h, body.size(), extra).total, '\0');
  auto* at = codec.write_head(reinterpret_cast<std::byte*>(out.data()), h, body.size(), !extra.empty());
  std::ranges::copy(std::as_bytes(std::span{body}), at);
  codec.write_tail(at + body.size(), extra);
  return out;
}

std::string frame(const std::string& message) {
  std::array<std::byte, stream_codec::length_bytes> length;
  stream_codec::write_length(length.data(), message.size());
  return text(length) + message;
}

route_header header(const char* onward, const char* back) {
  route_header h;
  h.append_return(address{back});
  h.append_onward(address{onward});
  return h;
}

std::string hello() { return text(bare::encode_string("hello")); }
std::string request() { return encode(wire_codec::codec, header("echo", "app"), hello()); }

/// Alone on its line, or as an entry of a table.
void expect_on_page(const std::string& bytes) {
  auto hex = spaced_hex(bytes);
  auto all = page();
  EXPECT_TRUE(all.find("\n" + hex + "\n") != std::string::npos || all.find("\n   " + hex + "\n") != std::string::npos
              || all.find("`" + hex + "`") != std::string::npos)
    << hex;
}

std::string cbor_address(const address& a) {
  auto h = route_header{};
  h.append_onward(a);
  auto whole = encode(wire_codec::codec, h, {});
  return whole.substr(2, whole.size() - 4); // between the heads of message and route, and the empty rest
}

TEST(protocol_page, messages_and_frames) {
  expect_on_page(hello());
  expect_on_page(cbor_address(address{"echo"}));
  expect_on_page(cbor_address(address{transport_type::tcp, "127.0.0.1:4000"}));
  expect_on_page(request());
  expect_on_page(encode(wire_codec::codec, header("app", "echo"), hello()));
  expect_on_page(frame(request()));
  auto asks = header("echo", "app");
  asks.flags(route_header::flag_report);
  expect_on_page(encode(wire_codec::codec, asks, hello()));
  auto goes_round = header("echo", "app");
  goes_round.hop_budget(1000);
  expect_on_page(encode(wire_codec::codec, goes_round, hello()));
}

TEST(protocol_page, what_the_reference_answers_decodes_to_the_answer) {
  const std::string hex = "00 00 00 1a 84 81 82 00 43 61 70 70 81 82 00 44 65 63 68 6f 46 05 68 65 6c 6c 6f 62 7b 7d";
  auto answer = encode(wire_codec::codec, header("app", "echo"), hello());
  answer[0] = '\x84';
  EXPECT_EQ(spaced_hex(frame(answer + "\x62{}")), hex);
  EXPECT_NE(page().find(hex), std::string::npos);
}

TEST(protocol_page, heartbeats) {
  expect_on_page(text(wire_codec::codec.heartbeat));
  for (const auto* codec : {&wire_codec::codec, &native_codec::codec})
    expect_on_page(frame(text(codec->heartbeat)));
}

TEST(protocol_page, datagrams) {
  std::array<std::byte, udp_codec::max_head> head;
  auto message = request();
  auto n = udp_codec::write_head(head.data(), 0x1234, 0, 1, message.size());
  expect_on_page(text(std::span{head}.first(n)) + message);
}

TEST(protocol_page, websocket_message) {
  auto message = request();
  ASSERT_LT(message.size(), 126u); // then its length is the second byte
  expect_on_page(std::string{'\x82', static_cast<char>(message.size())} + message);
}

TEST(protocol_page, caf_links) {
  routing::LinkHello greeting;
  greeting.set_version(1);
  greeting.set_node("n1");
  expect_on_page(greeting.SerializeAsString());
  expect_on_page(frame(encode(native_codec::codec, header("echo", "app"), hello())));
}

TEST(protocol_page, multiaddr) {
  auto m = parse_multiaddr("/ip4/127.0.0.1/tcp/4000/service/echo");
  ASSERT_TRUE(m);
  expect_on_page(text(encode(*m)));
  std::string all = page();
  for (auto p : {multiaddr_protocol::ip4, multiaddr_protocol::tcp, multiaddr_protocol::ip6, multiaddr_protocol::dnsaddr,
                 multiaddr_protocol::udp, multiaddr_protocol::unix_socket, multiaddr_protocol::ws, multiaddr_protocol::wss,
                 multiaddr_protocol::service, multiaddr_protocol::node, multiaddr_protocol::project, multiaddr_protocol::space,
                 multiaddr_protocol::secure, multiaddr_protocol::worker, multiaddr_protocol::caf})
    EXPECT_NE(all.find(std::to_string(static_cast<std::uint32_t>(p))), std::string::npos) << to_string(p);
}

TEST(protocol_page, watches) {
  std::string session = "0123456789abcdef0123456789abcdef";
  expect_on_page(text(watch::encode(watch::ping{session, 0, 1, {{"echo", 0}}}).bytes()));
  expect_on_page(text(watch::encode(watch::pong{session, watch::standing::known, 1, 1, {{1, watch::reason::no_worker, {}}}}).bytes()));
}

TEST(protocol_page, limits) {
  auto all = page();
  EXPECT_EQ(route_header::default_hop_budget, 2'176u);
  EXPECT_NE(all.find("| workers that handle a message | 2,176 |"), std::string::npos);
  EXPECT_EQ(udp_reassembly::bounds{}.peers, 4'096u);
  EXPECT_NE(all.find("| UDP peers that are remembered | 4,096 a socket |"), std::string::npos);
  for (std::size_t i = 0; i < refusal_count; ++i) {
    auto name = "`" + std::string{to_string(static_cast<refusal>(i))} + "`";
    auto elsewhere = {refusal::foreign_user, refusal::bad_request}; // not of the routing protocol
    bool expected = std::find(elsewhere.begin(), elsewhere.end(), static_cast<refusal>(i)) == elsewhere.end();
    EXPECT_TRUE(!expected || all.find(name) != std::string::npos) << name;
  }
}

TEST(protocol_page, reasons) {
  auto all = page();
  std::replace(all.begin(), all.end(), '\n', ' ');
  for (std::size_t i = 1; i < drop_reason_count; ++i) {
    auto entry = "`" + std::string{to_string(static_cast<drop_reason>(i))} + "` " + std::to_string(i);
    EXPECT_NE(all.find(entry), std::string::npos) << entry;
  }
}

} // namespace
} // namespace ockam
