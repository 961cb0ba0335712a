// SPDX-License-Identifier: Apache-2.0
#include "transports/caf/basp_gate.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

using side = basp_gate::side;
using verdict = basp_gate::verdict;

enum operation : std::uint8_t { server_handshake, client_handshake, message, routed, monitor, down, heartbeat };

constexpr std::uint64_t own = 42, peer = 7, plain = 0x1000000000000000, version = 3;
const basp_gate::dialect dialect{version, plain, "<hello>", "<bytes>"};

/// A header as CAF writes it.
std::string header(std::uint8_t what, std::uint32_t size, std::uint64_t data = 0, std::uint64_t from = 0,
                   std::uint64_t to = 0, std::uint8_t flags = 0) {
  std::string out{static_cast<char>(what), 0, 0, static_cast<char>(flags)};
  auto number = [&out](auto v) {
    for (int shift = 8 * sizeof(v) - 8; shift >= 0; shift -= 8)
      out += static_cast<char>(v >> shift);
  };
  number(size);
  number(data);
  number(from);
  number(to);
  return out;
}

std::string text_message(const std::string& begin, const std::string& text) {
  auto out = begin;
  auto n = text.size();
  for (; n >= 0x80; n >>= 7)
    out += static_cast<char>(n | 0x80);
  return out + static_cast<char>(n) + text;
}

/// Says what a gate makes of one frame.
std::string judge(basp_gate& g, const std::string& head, const std::string& payload = {}) {
  auto size = g.header(std::as_bytes(std::span{head}).first<basp_gate::header_bytes>());
  if (!size)
    return "refused: " + std::string{g.problem()};
  EXPECT_EQ(*size, payload.size());
  switch (g.payload(std::as_bytes(std::span{payload}))) {
    case verdict::pass: return "pass";
    case verdict::message: return "message";
    case verdict::ignore: return "ignore";
    case verdict::finish: return "finish";
    default: return "refused: " + std::string{g.problem()};
  }
}

std::string tell(basp_gate& g, const std::string& payload, std::uint64_t from, std::uint64_t to = own,
                 std::uint64_t data = plain, std::uint8_t flags = 0) {
  return judge(g, header(message, static_cast<std::uint32_t>(payload.size()), data, from, to, flags), payload);
}

basp_gate server_after_handshake() {
  basp_gate g{side::server, own, dialect};
  EXPECT_EQ(judge(g, header(client_handshake, 4), "node"), "pass");
  return g;
}

basp_gate server_after_hello() {
  auto g = server_after_handshake();
  EXPECT_EQ(tell(g, text_message("<hello>", "hi"), peer), "message");
  return g;
}

TEST(basp_gate, lets_a_link_through) {
  basp_gate client{side::client, own, dialect};
  EXPECT_EQ(judge(client, header(server_handshake, 6, version), "server"), "pass");
  EXPECT_EQ(judge(client, header(monitor, 5, 0, 0, own), "nodes"), "pass");
  EXPECT_EQ(tell(client, text_message("<hello>", "hi"), peer), "message");
  EXPECT_EQ(tell(client, text_message("<bytes>", ""), 0), "message");
  EXPECT_EQ(tell(client, text_message("<bytes>", std::string(65536, 'x')), 0), "message");
  EXPECT_EQ(judge(client, header(heartbeat, 0)), "ignore");
  EXPECT_EQ(judge(client, header(down, 5, 0, peer), "nodes"), "finish");

  auto server = server_after_handshake();
  EXPECT_EQ(judge(server, header(client_handshake, 4, 0, 0, 0, 2), "node"), "pass") << "selects this connection";
  EXPECT_EQ(tell(server, text_message("<hello>", "hi"), peer), "message");
  EXPECT_EQ(tell(server, text_message("<bytes>", "1"), 0), "message");
}

TEST(basp_gate, knows_by_the_first_byte_what_is_not_basp) {
  basp_gate client{side::client, own, dialect}, server{side::server, own, dialect};
  EXPECT_TRUE(client.may_begin(std::byte{0}));
  EXPECT_FALSE(client.may_begin(std::byte{1})) << "a tcp listener's preamble";
  EXPECT_TRUE(server.may_begin(std::byte{1}));
  EXPECT_FALSE(server.may_begin(std::byte{'G'}));
}

TEST(basp_gate, begins_with_a_handshake) {
  for (std::uint8_t what = 0; what < 10; ++what) {
    basp_gate client{side::client, own, dialect}, server{side::server, own, dialect};
    auto size = what == heartbeat ? 0u : 4u;
    auto at_client = judge(client, header(what, size, version), "node");
    EXPECT_EQ(at_client.starts_with("refused"), what != server_handshake) << int{what};
    auto at_server = judge(server, header(what, size), "node");
    EXPECT_EQ(at_server.starts_with("refused"), what != client_handshake) << int{what};
  }
}

TEST(basp_gate, refuses_handshakes_that_crash_or_repeat) {
  basp_gate empty{side::client, own, dialect};
  EXPECT_TRUE(judge(empty, header(server_handshake, 0, version)).starts_with("refused")) << "CAF reads through a null pointer";
  basp_gate other{side::client, own, dialect};
  EXPECT_EQ(judge(other, header(server_handshake, 4, version + 1), "node"), "refused: speaks another version of BASP");
  EXPECT_EQ(other.reason(), refusal::wrong_preamble);
  basp_gate twice{side::client, own, dialect};
  EXPECT_EQ(judge(twice, header(server_handshake, 4, version), "node"), "pass");
  EXPECT_TRUE(judge(twice, header(server_handshake, 4, version), "node").starts_with("refused"));
  auto third = server_after_handshake();
  EXPECT_EQ(judge(third, header(client_handshake, 4), "node"), "pass");
  EXPECT_TRUE(judge(third, header(client_handshake, 4), "node").starts_with("refused"));
  auto both = server_after_handshake();
  EXPECT_TRUE(judge(both, header(server_handshake, 4, version), "node").starts_with("refused"));
}

TEST(basp_gate, refuses_sizes_before_any_memory_is_taken) {
  basp_gate g{side::server, own, dialect};
  EXPECT_TRUE(judge(g, header(client_handshake, basp_gate::max_control + 1)).starts_with("refused"));
  EXPECT_EQ(g.reason(), refusal::frame_too_large);
  auto after = server_after_hello();
  EXPECT_TRUE(judge(after, header(message, 0xffffffff, plain, 0, own)).starts_with("refused"));
  EXPECT_EQ(after.reason(), refusal::frame_too_large);
  for (std::uint8_t what : {message, monitor, down}) {
    auto none = server_after_hello();
    EXPECT_TRUE(judge(none, header(what, 0, plain, 0, own)).starts_with("refused")) << int{what};
  }
}

TEST(basp_gate, guards_every_other_actor_of_the_process) {
  auto text = text_message("<bytes>", "x");
  struct attempt {
    std::uint64_t from, to, data;
    std::uint8_t flags;
  };
  constexpr std::uint64_t named_spawn_server = 0x1234;
  for (auto a : {attempt{0, own + 1, plain, 0}, attempt{0, named_spawn_server, plain, 1}, attempt{0, own, plain, 1},
                 attempt{0, own, plain | 5, 0}, attempt{0, own, 0x8000000000000005, 0}, attempt{peer, own, plain, 0}}) {
    auto g = server_after_hello();
    EXPECT_TRUE(tell(g, text, a.from, a.to, a.data, a.flags).starts_with("refused"));
  }
  auto g = server_after_hello();
  EXPECT_TRUE(judge(g, header(routed, 4, plain, 0, own), "node").starts_with("refused")) << "a node is no router of BASP";
  for (int i = 0; i < basp_gate::max_monitors; ++i)
    EXPECT_EQ(judge(g, header(monitor, 4, 0, 0, own), "node"), "pass");
  EXPECT_TRUE(judge(g, header(monitor, 4, 0, 0, own), "node").starts_with("refused"));
  auto other = server_after_hello();
  EXPECT_TRUE(judge(other, header(monitor, 4, 0, 0, own + 1), "node").starts_with("refused"));
}

TEST(basp_gate, passes_messages_of_the_known_shape_only) {
  auto bytes = [](const std::string& payload) {
    auto g = server_after_hello();
    return tell(g, payload, 0);
  };
  EXPECT_EQ(bytes(text_message("<bytes>", "hello")), "message");
  EXPECT_TRUE(bytes(text_message("<hello>", "hello")).starts_with("refused"));
  EXPECT_TRUE(bytes(text_message("<bytes>", "hello") + "!").starts_with("refused")) << "something behind";
  EXPECT_TRUE(bytes("<bytes>\x05hell").starts_with("refused")) << "cut";
  EXPECT_TRUE(bytes("<bytes>").starts_with("refused")) << "no size";
  EXPECT_TRUE(bytes("<byte").starts_with("refused"));
  EXPECT_TRUE(bytes("<bytes>\xff\xff\xff\xff\xff\xff\xff\x01").starts_with("refused")) << "a size without end";
  auto g = server_after_handshake();
  EXPECT_TRUE(tell(g, text_message("<bytes>", "x"), 0).starts_with("refused")) << "before the hello";
}

} // namespace
} // namespace ockam
