// SPDX-License-Identifier: Apache-2.0
#include "transports/codec/native_codec.hpp"

#include "proto/routing.pb.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace ockam {
namespace {

std::span<const std::byte> view(const std::string& s) { return std::as_bytes(std::span{s}); }

std::string encode(const route_header& h, std::string_view body) {
  auto extra = native_codec::extras(h);
  EXPECT_TRUE(extra.empty());
  auto size = native_codec::measure(h, body.size(), extra);
  EXPECT_EQ(size.tail, 0u);
  std::string out(size.total, '\0');
  auto* begin = reinterpret_cast<std::byte*>(out.data());
  auto* at = native_codec::write_head(begin, h, body.size(), false);
  EXPECT_EQ(static_cast<std::size_t>(at - begin), size.head);
  std::memcpy(at, body.data(), body.size());
  return out;
}

std::optional<refusal> verdict(const std::string& bytes) {
  route_header h;
  return native_codec::decode(view(bytes), h).bad;
}

std::string text(std::span<const std::byte> b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

route_header sample() {
  route_header h;
  h.append_return(address{"back1"});
  h.append_return(address{transport_type::tcp, "127.0.0.1:4000"});
  h.append_onward(address{"echo"});
  h.append_onward(address{""});
  h.hop_budget(77);
  h.flags(route_header::flag_report);
  return h;
}

TEST(native_codec, writes_what_protobuf_reads) {
  routing::RoutedMessage m;
  ASSERT_TRUE(m.ParseFromString(encode(sample(), "hello")));
  EXPECT_EQ(m.payload(), "hello");
  ASSERT_EQ(m.header().onward_size(), 2);
  EXPECT_EQ(m.header().onward(0).name(), "echo");
  ASSERT_EQ(m.header().return__size(), 2);
  EXPECT_EQ(m.header().return_(1).type(), 1u);
  EXPECT_EQ(m.header().return_(1).name(), "127.0.0.1:4000");
  EXPECT_EQ(m.header().hop_budget(), 77u);
  EXPECT_EQ(m.header().flags(), 1u);
}

TEST(native_codec, reads_what_protobuf_writes) {
  for (std::size_t size : {0u, 1u, 127u, 128u, 70'000u}) {
    routing::RoutedMessage m;
    m.mutable_header()->add_onward()->set_name("echo");
    m.mutable_header()->add_return_()->set_name("me");
    m.set_payload(std::string(size, 'x'));
    auto bytes = m.SerializeAsString();
    route_header h;
    auto d = native_codec::decode(view(bytes), h);
    ASSERT_FALSE(d.bad);
    EXPECT_EQ(d.body.size(), size);
    EXPECT_EQ(h.onward(), route{"echo"});
    EXPECT_EQ(h.return_route(), route{"me"});
    EXPECT_EQ(h.hop_budget(), route_header::default_hop_budget);
  }
}

TEST(native_codec, carries_reports_and_what_it_does_not_know) {
  auto h = sample();
  h.set_report({drop_reason::congested, "there", "n2", "full"});
  auto bytes = encode(h, "");
  route_header back;
  ASSERT_FALSE(native_codec::decode(view(bytes), back).bad);
  ASSERT_TRUE(back.get_report());
  EXPECT_EQ(back.get_report()->reason, drop_reason::congested);
  EXPECT_EQ(back.get_report()->hop, address{"there"});
  EXPECT_EQ(back.get_report()->node, "n2");
  EXPECT_EQ(back.get_report()->detail, "full");

  routing::RoutedMessage m;
  m.mutable_header()->add_onward()->set_name("echo");
  auto header = m.header().SerializeAsString() + "\xc2\x3e\x03new"; // field 1000
  std::string with_unknown = "\x0a" + std::string(1, static_cast<char>(header.size())) + header + std::string("\x12\0", 2);
  ASSERT_FALSE(native_codec::decode(view(with_unknown), back).bad);
  EXPECT_NE(encode(back, "").find("\xc2\x3e\x03new"), std::string::npos);
}

TEST(native_codec, does_not_let_a_peer_lengthen_a_life) {
  auto h = sample();
  h.hop_budget(4'000'000'000u);
  auto bytes = encode(h, "");
  route_header back;
  ASSERT_FALSE(native_codec::decode(view(bytes), back).bad);
  EXPECT_EQ(back.hop_budget(), route_header::default_hop_budget);
}

TEST(native_codec, refuses_what_is_not_exactly_a_message) {
  auto good = encode(sample(), "hello");
  EXPECT_FALSE(verdict(good));
  // Cut behind the header it is a message whose payload is absent, which protobuf writes for an empty one.
  for (std::size_t n = 0; n < good.size(); ++n)
    EXPECT_EQ(verdict(good.substr(0, n)).has_value(), n != good.size() - 7) << n;
  EXPECT_EQ(verdict(good + "x"), refusal::malformed_frame);
  EXPECT_EQ(verdict(good.substr(good.size() - 7)), refusal::malformed_frame) << "no header";
  EXPECT_EQ(verdict("\x0a\xff\xff\xff\xff\x7f"), refusal::malformed_frame) << "a size over 32 bits";
  EXPECT_EQ(verdict("\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), refusal::malformed_frame);
}

TEST(native_codec, tells_long_routes_and_long_names_apart) {
  route_header many;
  for (int i = 0; i < 1025; ++i)
    many.append_onward(address{"a"});
  EXPECT_EQ(verdict(encode(many, "")), refusal::too_many_hops);
  route_header named;
  named.append_onward(address{std::string(1025, 'n')});
  EXPECT_EQ(verdict(encode(named, "")), refusal::name_too_long);
}

TEST(native_codec, its_heartbeat_has_no_address) {
  route_header h;
  auto d = native_codec::decode(native_codec::codec.heartbeat, h);
  EXPECT_FALSE(d.bad);
  EXPECT_TRUE(h.onward_empty());
  EXPECT_TRUE(d.body.empty());
}

TEST(native_codec, survives_any_change_of_a_byte) {
  auto good = encode(sample(), "hello");
  std::mt19937 random{7};
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = good;
    for (auto n = 1 + random() % 3; n > 0; --n)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    route_header h;
    auto d = native_codec::decode(view(bytes), h);
    if (d.bad)
      continue;
    ASSERT_LE(d.body.size(), bytes.size());
    route_header again;
    ASSERT_FALSE(native_codec::decode(view(encode(h, text(d.body))), again).bad);
    ASSERT_EQ(again.onward(), h.onward());
  }
}

TEST(native_codec, the_first_bytes_of_a_message_tell_its_header) {
  auto whole = encode(sample(), std::string(100'000, 'x'));
  route_header h;
  EXPECT_FALSE(native_codec::decode_edges(view(whole).first(edge_bytes), view(whole).last(edge_bytes), whole.size(), h).bad);
  EXPECT_EQ(h.onward(), sample().onward());
  EXPECT_EQ(h.return_route(), sample().return_route());
  EXPECT_EQ(h.flags(), sample().flags());
  route_header none;
  EXPECT_TRUE(native_codec::decode_edges(view(whole).first(5), view(whole).last(5), whole.size(), none).bad);
}

} // namespace
} // namespace ockam
