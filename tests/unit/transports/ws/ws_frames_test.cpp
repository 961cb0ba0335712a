// SPDX-License-Identifier: Apache-2.0
#include "transports/ws/ws_frames.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ockam::ws {
namespace {

std::string written(role own, const std::vector<std::pair<opcode, std::string>>& frames, std::size_t part = 1u << 30) {
  std::string out;
  frame_writer w{own, [&](std::size_t n) {
                   out.resize(out.size() + n);
                   return reinterpret_cast<std::byte*>(out.data() + out.size() - n);
                 }};
  for (const auto& [code, payload] : frames) {
    w.begin(code, payload.size());
    for (std::size_t at = 0; at < payload.size(); at += part)
      w.payload(std::as_bytes(std::span{payload}).subspan(at, std::min(part, payload.size() - at)));
    EXPECT_EQ(w.missing(), 0u);
  }
  return out;
}

struct frame {
  opcode code;
  bool fin;
  std::uint64_t length;
  std::string payload;
  bool whole;
};

/// Reads `in` in portions of `step` bytes; pieces of at most `room`.
std::vector<frame> read(frame_reader& r, std::string_view in, std::size_t step = 1u << 30, std::size_t room = 1u << 30) {
  std::vector<frame> out;
  for (std::size_t at = 0; at < in.size(); at += step) {
    auto portion = std::as_bytes(std::span{in.substr(at, step)});
    while (auto p = r.next(portion, room)) {
      EXPECT_LE(p->data.size(), room);
      if (p->begins)
        out.push_back({p->code, p->fin, p->length, {}, false});
      out.back().payload.append(reinterpret_cast<const char*>(p->data.data()), p->data.size());
      out.back().whole = p->ends;
    }
    if (!r.violation().empty())
      return out;
    EXPECT_TRUE(portion.empty());
  }
  return out;
}

std::string bytes(std::size_t n, char first = 'a') {
  std::string s(n, '\0');
  for (std::size_t i = 0; i < n; ++i)
    s[i] = static_cast<char>(first + i * 7);
  return s;
}

TEST(ws_frames, every_length_comes_out_as_it_went_in_for_both_ends) {
  for (std::size_t n : {0u, 1u, 2u, 125u, 126u, 127u, 4095u, 4096u, 4097u, 65535u, 65536u, 1u << 20}) {
    for (auto own : {role::client, role::server}) {
      auto other = own == role::client ? role::server : role::client;
      frame_reader r{other};
      auto got = read(r, written(own, {{opcode::binary, bytes(n)}, {opcode::binary, bytes(3)}}));
      ASSERT_EQ(got.size(), 2u) << n << r.violation();
      EXPECT_EQ(got[0].length, n);
      EXPECT_EQ(got[0].payload, bytes(n));
      EXPECT_TRUE(got[0].whole);
      EXPECT_EQ(got[1].payload, bytes(3));
    }
  }
}

TEST(ws_frames, arrive_in_portions_of_any_size) {
  std::vector<std::pair<opcode, std::string>> frames{{opcode::binary, bytes(0)}, {opcode::ping, bytes(5)}, {opcode::binary, bytes(1)},
                                                     {opcode::binary, bytes(300)}, {opcode::binary, bytes(70'000)}, {opcode::close, bytes(2)}};
  for (auto own : {role::client, role::server})
    for (std::size_t step : {1u, 2u, 3u, 7u, 1000u, 5000u})
      for (std::size_t room : {1u, 13u, 100'000u}) {
        frame_reader r{own == role::client ? role::server : role::client};
        auto got = read(r, written(own, frames, 77), step, room);
        ASSERT_EQ(got.size(), frames.size()) << step << ' ' << room << r.violation();
        for (std::size_t i = 0; i < got.size(); ++i) {
          EXPECT_EQ(got[i].code, frames[i].first);
          EXPECT_EQ(got[i].payload, frames[i].second);
          EXPECT_TRUE(got[i].whole && got[i].fin);
        }
      }
}

// The examples of RFC 6455, section 5.7.
TEST(ws_frames, agree_with_the_rfc) {
  frame_reader client{role::client}, server{role::server};
  auto plain = read(client, std::string{"\x81\x05Hello", 7});
  ASSERT_EQ(plain.size(), 1u);
  EXPECT_EQ(plain[0].code, opcode::text);
  EXPECT_EQ(plain[0].payload, "Hello");
  auto masked = read(server, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  ASSERT_EQ(masked.size(), 1u);
  EXPECT_EQ(masked[0].payload, "Hello");
  auto parts = read(client, std::string{"\x01\x03Hel\x80\x02lo", 9});
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_FALSE(parts[0].fin);
  EXPECT_TRUE(parts[1].fin);
  EXPECT_EQ(parts[1].code, opcode::continuation);
  EXPECT_EQ(written(role::server, {{opcode::pong, "Hello"}}), std::string("\x8a\x05Hello", 7));
}

TEST(ws_frames, a_client_masks_with_a_fresh_key_each_time) {
  auto wire = written(role::client, {{opcode::binary, "same"}, {opcode::binary, "same"}});
  ASSERT_EQ(wire.size(), 20u);
  EXPECT_EQ(wire[1], '\x84');
  EXPECT_NE(wire.substr(2, 4), wire.substr(12, 4));
  EXPECT_EQ(wire.find("same"), std::string::npos);
}

TEST(ws_frames, rules_that_are_broken_end_the_connection) {
  struct {
    const char* what;
    role own;
    std::string bytes;
  } const cases[] = {
    {"no mask from a client", role::server, {"\x82\x01x", 3}},
    {"a mask from a server", role::client, "\x82\x81\1\2\3\4x"},
    {"a reserved bit", role::client, {"\xc2\x01x", 3}},
    {"an unknown kind", role::client, {"\x83\x01x", 3}},
    {"an unknown control frame", role::client, {"\x8b\x01x", 3}},
    {"a control frame in parts", role::client, {"\x09\x01x", 3}},
    {"a control frame that is too long", role::client, std::string{"\x89\x7e\x00\x7e", 4} + std::string(126, 'x')},
    {"a length that needs fewer bytes", role::client, {"\x82\x7e\x00\x05hello", 9}},
    {"a long length that needs fewer bytes", role::client, {"\x82\x7f\0\0\0\0\0\0\x01\x00x", 11}},
    {"a negative length", role::client, {"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xffx", 11}},
  };
  for (const auto& c : cases)
    for (std::size_t step : {1u, 100u}) {
      frame_reader r{c.own};
      (void)read(r, c.bytes, step);
      EXPECT_FALSE(r.violation().empty()) << c.what;
      std::span<const std::byte> more = std::as_bytes(std::span{c.bytes});
      EXPECT_FALSE(r.next(more, 100)) << c.what; // and stays so
    }
}

TEST(ws_frames, masking_is_its_own_inverse_at_every_offset) {
  std::array<std::byte, 4> key{std::byte{0x12}, std::byte{0xfe}, std::byte{0x80}, std::byte{0x01}};
  auto text = bytes(100);
  auto in = std::as_bytes(std::span{text});
  for (std::size_t n : {0u, 1u, 7u, 8u, 9u, 31u, 100u})
    for (std::uint64_t offset : {0u, 1u, 2u, 3u, 4u, 1001u}) {
      std::vector<std::byte> out(n), back(n);
      mask(out.data(), in.data(), n, key, offset);
      for (std::size_t i = 0; i < n; ++i)
        ASSERT_EQ(out[i], in[i] ^ key[(offset + i) % 4]);
      mask(back.data(), out.data(), n, key, offset);
      EXPECT_TRUE(std::equal(back.begin(), back.end(), in.begin()));
    }
}

} // namespace
} // namespace ockam::ws
