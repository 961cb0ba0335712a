// SPDX-License-Identifier: Apache-2.0
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include "transports/ws/ws_frames.hpp"
#include "transports/ws/ws_handshake.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;
using ws::opcode;

/// A message as the body of a WebSocket frame: the frame of a stream without its length.
std::string body(const route& onward, const route& back, std::string_view payload) {
  return frame(onward, back, payload).substr(4);
}

/// A frame as a client sends it, with a mask of zeros but for what the test says.
std::string client_frame(opcode code, std::string_view payload, bool fin = true) {
  std::string out;
  out += static_cast<char>((fin ? 0x80 : 0) | static_cast<int>(code));
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    out += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      out += static_cast<char>(payload.size() >> shift);
    if (payload.size() < 65536)
      out.replace(1, 9, {static_cast<char>(0x80 | 126), static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())});
  }
  const std::string key = "\x11\x22\x33\x44";
  out += key;
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(payload[i] ^ key[i % 4]);
  return out;
}

struct server_frame {
  opcode code;
  std::string payload;
};

std::vector<server_frame> frames_of(std::string_view in) {
  ws::frame_reader r{ws::role::client};
  std::vector<server_frame> out;
  auto bytes = std::as_bytes(std::span{in});
  while (auto p = r.next(bytes, 1u << 20)) {
    if (p->begins)
      out.push_back({p->code, {}});
    out.back().payload.append(reinterpret_cast<const char*>(p->data.data()), p->data.size());
  }
  EXPECT_TRUE(r.violation().empty()) << r.violation();
  return out;
}

int close_code(const std::vector<server_frame>& frames) {
  if (frames.empty() || frames.back().code != opcode::close || frames.back().payload.size() < 2)
    return 0;
  const auto& p = frames.back().payload;
  return static_cast<unsigned char>(p[0]) << 8 | static_cast<unsigned char>(p[1]);
}

//   test ══ ws ══ n1: echo
class ws_link : public testing::Test {
 protected:
  static limits small() {
    limits l;
    l.max_frame = 1u << 20;
    return l;
  }
  /// A test's client behind its upgrade.
  client upgraded() {
    auto c = net.dial(where);
    c.send(ws::make_request({"n1"}, ws::make_key()));
    net.run();
    auto answer = c.receive();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 101 ")) << answer;
    return c;
  }
  std::vector<server_frame> ask(client& c, std::string_view bytes) {
    c.send(bytes);
    net.run();
    return frames_of(c.receive());
  }
  std::uint64_t refused(refusal r) { return n1.board().refused()[r]; }

  network net;
  node n1{net, "n1", small()};
  std::string where = n1.listen("127.0.0.1:0", {"services"}, "ws");
};

TEST_F(ws_link, answers_a_message_with_a_message) {
  auto c = upgraded();
  auto got = ask(c, client_frame(opcode::binary, body({"echo"}, {"a"}, "hello")));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].code, opcode::binary);
  EXPECT_EQ(got[0].payload, body({"a"}, {"echo"}, "hello"));
  EXPECT_EQ(n1.link().transport, "ws");
  EXPECT_EQ(n1.link().state, "up");
}

TEST_F(ws_link, messages_may_come_right_behind_the_request) {
  auto c = net.dial(where);
  c.send(ws::make_request({"n1"}, ws::make_key()) + client_frame(opcode::binary, body({"echo"}, {"a"}, "1"))
         + client_frame(opcode::binary, body({"echo"}, {"a"}, "2")));
  net.run();
  auto answer = c.receive();
  auto end = answer.find("\r\n\r\n");
  ASSERT_NE(end, std::string::npos);
  EXPECT_EQ(frames_of(std::string_view{answer}.substr(end + 4)).size(), 2u);
}

TEST_F(ws_link, a_message_in_parts_is_put_together) {
  auto c = upgraded();
  auto whole = body({"echo"}, {"a"}, std::string(100'000, 'x'));
  std::string wire;
  for (std::size_t at = 0; at < whole.size(); at += 999)
    wire += client_frame(at == 0 ? opcode::binary : opcode::continuation, std::string_view{whole}.substr(at, 999), at + 999 >= whole.size())
            + client_frame(opcode::ping, std::to_string(at)); // control frames may stand between
  c.window(1u << 20);
  auto got = ask(c, wire);
  std::size_t pongs = 0, messages = 0;
  for (const auto& f : got) {
    pongs += f.code == opcode::pong;
    messages += f.code == opcode::binary;
    if (f.code == opcode::binary) {
      EXPECT_EQ(f.payload.size(), whole.size());
    }
  }
  EXPECT_EQ(messages, 1u);
  EXPECT_GE(pongs, 1u);
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_F(ws_link, empty_parts_are_parts) {
  auto c = upgraded();
  auto whole = body({"echo"}, {"a"}, "x");
  auto got = ask(c, client_frame(opcode::binary, "", false) + client_frame(opcode::continuation, whole, false)
                      + client_frame(opcode::continuation, ""));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].payload, body({"a"}, {"echo"}, "x"));
}

TEST_F(ws_link, answers_pings_with_their_payload) {
  auto c = upgraded();
  auto got = ask(c, client_frame(opcode::ping, "are you there") + client_frame(opcode::pong, "unasked"));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].code, opcode::pong);
  EXPECT_EQ(got[0].payload, "are you there");
}

TEST_F(ws_link, a_peer_that_pings_and_never_reads_costs_nothing) {
  auto c = upgraded();
  c.window(1000);
  for (int i = 0; i < 2000; ++i)
    c.send(client_frame(opcode::ping, std::string(125, 'p')));
  net.run();
  EXPECT_LE(n1.link().queued_bytes, 200'000u);
  c.window(1u << 20);
  net.run();
  auto got = ask(c, client_frame(opcode::binary, body({"echo"}, {"a"}, "hello")));
  EXPECT_EQ(got.back().code, opcode::binary);
}

TEST_F(ws_link, closes_with_the_code_that_the_peer_gave) {
  auto c = upgraded();
  auto got = ask(c, client_frame(opcode::binary, body({"echo"}, {"a"}, "last")) + client_frame(opcode::close, "\x03\xe8 bye"));
  EXPECT_EQ(close_code(got), 1000);
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_EQ(n1.connections(), 0u);
  EXPECT_EQ(refused(refusal::websocket_violation), 0u);
}

TEST_F(ws_link, says_that_it_goes_away) {
  auto c = upgraded();
  n1.stop();
  EXPECT_EQ(close_code(frames_of(c.receive())), 1001);
}

TEST_F(ws_link, frames_against_the_rules_close_the_connection_with_a_code) {
  struct {
    const char* what;
    std::string wire;
    int code;
    refusal why;
  } const cases[] = {
    {"text", client_frame(opcode::text, "hi"), 1003, refusal::websocket_violation},
    {"no mask", {"\x82\x01x", 3}, 1002, refusal::websocket_violation},
    {"a reserved bit", "\xc2" + client_frame(opcode::binary, "x").substr(1), 1002, refusal::websocket_violation},
    {"a continuation of nothing", client_frame(opcode::continuation, "x"), 1002, refusal::websocket_violation},
    {"a message in a message", client_frame(opcode::binary, "x", false) + client_frame(opcode::binary, "y"), 1002, refusal::websocket_violation},
    {"half a close code", client_frame(opcode::close, "x"), 1002, refusal::websocket_violation},
    {"a frame over the limit", std::string{"\x82\xff\0\0\0\0\x7f\xff\xff\xff\1\2\3\4x", 15}, 1009, refusal::frame_too_large},
    {"parts over 16 MiB", client_frame(opcode::binary, std::string(8u << 20, 'x'), false) + client_frame(opcode::continuation, std::string((8u << 20) + 1, 'y')), 1009, refusal::frame_too_large},
    {"no routing message", client_frame(opcode::binary, "hello"), 1001, refusal::malformed_frame},
    {"an empty message", client_frame(opcode::binary, ""), 1001, refusal::malformed_frame},
  };
  auto good = upgraded();
  for (const auto& c : cases) {
    auto before = refused(c.why);
    auto bad = upgraded();
    auto got = ask(bad, c.wire);
    EXPECT_EQ(close_code(got), c.code) << c.what;
    net.advance(200ms); // the rest of what is too long has to be read, or a reset would take the close frame along
    EXPECT_TRUE(bad.closed_by_peer()) << c.what;
    EXPECT_EQ(refused(c.why), before + 1) << c.what;
    EXPECT_EQ(n1.connections(), 1u) << c.what;
  }
  EXPECT_EQ(n1.budget().used(), 0u);
  EXPECT_EQ(ask(good, client_frame(opcode::binary, body({"echo"}, {"a"}, "still here"))).size(), 1u);
}

TEST_F(ws_link, a_message_over_the_limit_is_reported_and_harms_no_other) {
  auto c = upgraded();
  auto large = frame({"echo"}, {"a"}, std::string(3u << 20, 'x'), true).substr(stream_codec::length_bytes);
  auto got = ask(c, client_frame(opcode::binary, body({"echo"}, {"a"}, "before")) + client_frame(opcode::binary, large)
                      + client_frame(opcode::binary, body({"echo"}, {"a"}, "behind")));
  EXPECT_EQ(got.size(), 3u);
  EXPECT_FALSE(c.closed_by_peer());
  EXPECT_EQ(refused(refusal::frame_too_large), 1u);
  EXPECT_EQ(n1.board().dropped()[drop_reason::too_large], 1u);
  EXPECT_EQ(n1.budget().used(), 0u);
}

/// The same in parts, of which none is too large and the whole is.
TEST_F(ws_link, a_message_over_the_limit_in_parts_is_reported_and_harms_no_other) {
  auto c = upgraded();
  auto large = frame({"echo"}, {"a"}, std::string(3u << 20, 'x'), true).substr(stream_codec::length_bytes);
  constexpr std::size_t part = 100'000;
  std::string in_parts;
  for (std::size_t at = 0; at < large.size(); at += part)
    in_parts += client_frame(at == 0 ? opcode::binary : opcode::continuation, std::string_view{large}.substr(at, part), at + part >= large.size());
  auto behind = body({"echo"}, {"a"}, "behind");
  auto got = ask(c, client_frame(opcode::binary, body({"echo"}, {"a"}, "before")) + in_parts
                      + client_frame(opcode::binary, behind.substr(0, 10), false) + client_frame(opcode::continuation, behind.substr(10)));
  ASSERT_EQ(got.size(), 3u);
  EXPECT_NE(got[1].payload.find("too-large"), std::string::npos);
  EXPECT_NE(got[1].payload.find("the message has " + std::to_string(large.size()) + " bytes"), std::string::npos);
  EXPECT_TRUE(got[2].payload.ends_with("behind"));
  EXPECT_FALSE(c.closed_by_peer());
  EXPECT_EQ(refused(refusal::frame_too_large), 1u);
  EXPECT_EQ(n1.board().dropped()[drop_reason::too_large], 1u);
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_F(ws_link, what_is_no_upgrade_gets_an_http_answer) {
  auto c = net.dial(where);
  c.send("GET / HTTP/1.1\r\nHost: n1\r\n\r\n");
  net.run();
  EXPECT_TRUE(c.receive().starts_with("HTTP/1.1 426 Upgrade Required\r\n"));
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_EQ(refused(refusal::bad_upgrade), 1u);
  EXPECT_EQ(n1.connections(), 0u);
}

TEST_F(ws_link, a_peer_that_says_nothing_or_half_a_request_is_closed) {
  auto silent = net.dial(where), slow = net.dial(where);
  slow.send("GET / HTTP/1.1\r\n");
  net.run();
  EXPECT_EQ(n1.connections(), 2u);
  for (int i = 0; i < 10; ++i) {
    net.advance(1s);
    slow.send("X: y\r\n");
  }
  net.advance(1s);
  EXPECT_EQ(n1.connections(), 0u);
  EXPECT_EQ(refused(refusal::handshake_timeout), 2u);
}

TEST_F(ws_link, a_message_in_parts_that_dribbles_in_is_given_up) {
  auto c = upgraded();
  c.send(client_frame(opcode::binary, "", false));
  for (int i = 0; i < 12; ++i) {
    net.advance(1s);
    c.send(client_frame(opcode::continuation, "x", false));
  }
  net.run();
  EXPECT_EQ(refused(refusal::frame_timeout), 1u);
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST(ws_link_memory, parts_are_charged_to_the_node) {
  limits l;
  l.node_budget = 1u << 20;
  network net;
  node n1{net, "n1", l};
  auto where = n1.listen("127.0.0.1:0", {"services"}, "ws");
  std::vector<client> peers;
  for (int i = 0; i < 8; ++i) {
    auto& c = peers.emplace_back(net.dial(where));
    c.send(ws::make_request({"n1"}, ws::make_key()) + client_frame(opcode::binary, std::string(300'000, 'x'), false));
    net.run();
    EXPECT_LE(n1.budget().used(), l.node_budget);
  }
  EXPECT_GT(n1.board().refused()[refusal::over_budget], 3u);
  peers.clear();
  net.run();
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_F(ws_link, a_close_in_the_middle_of_everything_leaves_nothing_behind) {
  auto wire = ws::make_request({"n1"}, ws::make_key()) + client_frame(opcode::binary, body({"echo"}, {"a"}, std::string(500, 'x')), true)
              + client_frame(opcode::ping, "p") + client_frame(opcode::binary, "abc", false) + client_frame(opcode::continuation, "def");
  for (std::size_t n = 0; n < wire.size(); n += 3) {
    auto c = net.dial(where);
    c.send(wire.substr(0, n));
    net.run();
    c.close();
    net.run();
    ASSERT_EQ(n1.connections(), 0u) << n;
    ASSERT_EQ(n1.budget().used(), 0u) << n;
  }
  EXPECT_EQ(n1.reactor().streams(), 0u);
}

//   n1: test ══ ws ══ n2: hop ══ ws ══ n3: uppercase
// A node span until it looked whether the peer was still there: the socket said that it takes more, and an
// error that was known already kept the rest from being written.
TEST_F(ws_link, a_peer_that_resets_while_the_link_is_paused_does_not_make_the_node_spin) {
  for (bool all_taken : {false, true}) {
    auto c = upgraded();
    c.window(all_taken ? 1'200'000 : 1'000);
    for (int i = 0; i < 200; ++i)
      c.send(client_frame(opcode::binary, body({"echo"}, {"a"}, std::string(40'000, 'x'))));
    net.run();
    ASSERT_GT(c.unread(), 1'000'000u) << "the node has stopped reading";
    c.reset();
    net.run(); // throws when that does not end
    net.advance(1s);
    EXPECT_EQ(n1.connections(), 0u);
    EXPECT_EQ(n1.budget().used(), 0u);
  }
}

TEST(ws_link_between_nodes, carries_messages_of_every_size_in_any_portions) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    network net;
    net.disturb(seed);
    node n1{net, "n1"}, n2{net, "n2"}, n3{net, "n3"};
    n2.start("hop");
    auto to_n2 = n1.connect("ws://" + n2.listen("127.0.0.1:0", {"services"}, "ws"), {}, "ws");
    auto to_n3 = n2.connect("ws://" + n3.listen("127.0.0.1:0", {"services"}, "ws") + "/ockam", {}, "ws");
    ASSERT_TRUE(to_n2) << to_n2.error().cause;
    ASSERT_TRUE(to_n3) << to_n3.error().cause;
    auto box = std::make_unique<mailbox>();
    auto& got = box->got;
    n1.start("box", std::move(box));
    std::size_t sent = 0;
    for (std::size_t size : {0u, 1u, 50u, 125u, 126u, 8191u, 8192u, 65'535u, 65'536u, 300'000u}) {
      std::string text(size, static_cast<char>('a' + sent % 26));
      n1.send({*to_n2, "hop", *to_n3, "echo"}, text, "box");
      ++sent;
      ASSERT_EQ(got.size(), sent) << size << " seed " << seed;
      EXPECT_EQ(got.back()->body.text(), text);
    }
    got.clear();
    for (auto* n : {&n1, &n2, &n3}) {
      EXPECT_EQ(n->budget().used(), 0u);
      EXPECT_EQ(n->board().refused()[refusal::websocket_violation], 0u);
    }
  }
}

//   n1: 8 × 400 messages of 4 KiB ══ ws, small windows ══ n2: echo
TEST(ws_link_between_nodes, every_pause_ends) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    limits l;
    l.link_budget = 64u << 10;
    network net;
    net.disturb(seed);
    node n1{net, "n1"}, n2{net, "n2", l};
    auto up = n1.connect("ws://" + n2.listen("127.0.0.1:0", {"services"}, "ws"), {}, "ws");
    ASSERT_TRUE(up);
    auto box = std::make_unique<mailbox>();
    auto& got = box->got;
    n1.start("box", std::move(box));
    std::string text(4096, 'x');
    for (int i = 0; i < 200; ++i)
      n1.send({*up, "echo"}, text, "box");
    EXPECT_EQ(got.size(), 200u) << seed;
  }
}

TEST(ws_link_between_nodes, says_why_there_is_no_node) {
  network net;
  node n1{net, "n1"}, n2{net, "n2"};
  auto tcp = n1.connect("ws://" + n2.listen(), {}, "ws");
  ASSERT_FALSE(tcp);
  EXPECT_NE(tcp.error().cause.find("no Ockam node answered"), std::string::npos) << tcp.error().cause;
  auto& web = net.serve("127.0.0.1:80");
  result<link_info> outcome = error{errc::internal, "none yet", {}};
  n1.over("ws").connect("ws://127.0.0.1/x", {}, [&](result<link_info> l) { outcome = std::move(l); });
  net.run();
  auto c = web.accept();
  EXPECT_TRUE(c.receive().starts_with("GET /x HTTP/1.1\r\nHost: 127.0.0.1:80\r\n"));
  c.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  net.run();
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().cause.find("404 Not Found"), std::string::npos) << outcome.error().cause;
  EXPECT_EQ(n1.connections(), 0u);
}

TEST(ws_link_options, that_make_no_sense_are_errors) {
  network net;
  node n1{net, "n1"};
  auto listen = [&](const std::string& at, transport_options extra) {
    std::string cause;
    n1.over("ws").listen(at, {{}, std::move(extra)}, [&](result<listener_info> l) { cause = l ? "" : l.error().cause; });
    return cause;
  };
  EXPECT_NE(listen("wss://127.0.0.1:0", {}).find("certificate and key"), std::string::npos);
  EXPECT_NE(listen("ws://127.0.0.1:0", {{"certificate", "/x"}}).find("is for TLS"), std::string::npos);
  EXPECT_NE(listen("wss://127.0.0.1:0", {{"certificate", "/no/such"}, {"key", "/no/such"}}).find("/no/such"), std::string::npos);
  EXPECT_NE(listen("ws://127.0.0.1:0", {{"origin", "*"}}).find("no option origin"), std::string::npos);
  EXPECT_EQ(listen("ws://127.0.0.1:0", {{"origins", "*"}}), "");
}

} // namespace
} // namespace ockam::sim
