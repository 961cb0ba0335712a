// SPDX-License-Identifier: Apache-2.0
#include "transports/ws/ws_handshake.hpp"

#include <gtest/gtest.h>

namespace ockam::ws {
namespace {

using status = upgrade::status;

const std::string key = "dGhlIHNhbXBsZSBub25jZQ=="; // RFC 6455, section 1.3

std::string request(const std::string& more = "", const std::string& first = "GET / HTTP/1.1") {
  return first + "\r\nHost: h:1\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: " + key
         + "\r\nSec-WebSocket-Version: 13\r\n" + more + "\r\n";
}

std::string without(std::string text, const std::string& header) {
  auto at = text.find(header);
  return text.erase(at, text.find("\r\n", at) + 2 - at);
}

TEST(ws_handshake, accepts_as_the_rfc_says) {
  EXPECT_EQ(accept_of(key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  auto u = read_request(request() + "\x82", {});
  ASSERT_EQ(u.what, status::done);
  EXPECT_EQ(u.consumed, request().size());
  EXPECT_TRUE(u.answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << u.answer;
  EXPECT_NE(u.answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos) << u.answer;
  EXPECT_TRUE(u.answer.ends_with("\r\n\r\n"));
}

TEST(ws_handshake, client_and_server_agree) {
  auto k = make_key();
  EXPECT_EQ(k.size(), 24u);
  EXPECT_NE(k, make_key());
  auto u = read_request(make_request({"example.org:4000", "/ockam?x=1"}, k), {"/ockam?x=1", {}});
  ASSERT_EQ(u.what, status::done) << u.problem;
  auto answer = u.answer + "frames";
  auto back = read_response(answer, k);
  ASSERT_EQ(back.what, status::done) << back.problem;
  EXPECT_EQ(answer.substr(back.consumed), "frames");
  EXPECT_EQ(read_response(u.answer, key).what, status::refused); // somebody else's answer
}

TEST(ws_handshake, waits_for_the_rest) {
  auto whole = request();
  for (std::size_t n = 0; n < whole.size(); ++n)
    ASSERT_EQ(read_request(whole.substr(0, n), {}).what, status::incomplete) << n;
}

TEST(ws_handshake, refuses_with_the_right_answer) {
  struct {
    std::string request;
    const char* answer;
  } const cases[] = {
    {"hello\r\n\r\n", "HTTP/1.1 400 "},
    {std::string("\x01\0\0\0\x17\x83\r\n\r\n", 10), "HTTP/1.1 400 "}, // our own TCP wire
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 426 "},
    {request("", "POST / HTTP/1.1"), "HTTP/1.1 426 "},
    {request("", "GET / HTTP/1.0"), "HTTP/1.1 426 "},
    {without(request(), "Sec-WebSocket-Version"), "HTTP/1.1 426 "},
    {without(request(), "Sec-WebSocket-Key"), "HTTP/1.1 400 "},
    {without(request(), "Host"), "HTTP/1.1 400 "},
    {without(request("Sec-WebSocket-Key: short\r\n"), "Sec-WebSocket-Key"), "HTTP/1.1 400 "},
    {request("Sec-WebSocket-Key: " + key + "\r\n"), "HTTP/1.1 400 "}, // two of them
    {request("Origin: https://evil.example\r\n"), "HTTP/1.1 403 "},
    {request("", "GET /other HTTP/1.1"), "HTTP/1.1 404 "},
    {request("X: " + std::string(max_upgrade, 'x') + "\r\n"), "HTTP/1.1 431 "},
    {std::string(max_upgrade, 'x'), "HTTP/1.1 431 "},
    {request("bad header\r\n"), "HTTP/1.1 400 "},
  };
  for (const auto& c : cases) {
    auto u = read_request(c.request, {"/ockam", {}});
    if (std::string_view{c.answer} != "HTTP/1.1 404 ")
      u = read_request(c.request, {});
    EXPECT_EQ(u.what, status::refused) << c.request;
    EXPECT_TRUE(u.answer.starts_with(c.answer)) << c.request << "\n→ " << u.answer;
    EXPECT_FALSE(u.problem.empty());
    EXPECT_NE(u.answer.find("Connection: close\r\n"), std::string::npos);
  }
}

TEST(ws_handshake, a_place_is_served_with_any_query) {
  for (const auto* target : {"/ockam", "/ockam?token=1", "http://h/ockam?token=1"})
    EXPECT_EQ(read_request(request("", std::string{"GET "} + target + " HTTP/1.1"), {"/ockam", {}}).what, status::done) << target;
  for (const auto* target : {"/", "/ockam/", "/ockamx", "/?/ockam", "/ockam#x"})
    EXPECT_EQ(read_request(request("", std::string{"GET "} + target + " HTTP/1.1"), {"/ockam", {}}).what, status::refused) << target;
}

TEST(ws_handshake, reads_a_field_of_several_lines_as_one_list) {
  auto connection = [](const std::string& lines, const std::string& upgrade = "websocket") {
    return "GET / HTTP/1.1\r\nHost: h:1\r\nUpgrade: " + upgrade + "\r\n" + lines + "Sec-WebSocket-Key: " + key
           + "\r\nSec-WebSocket-Version: 13\r\n\r\n";
  };
  for (const std::string lines : {"Connection: keep-alive\r\nConnection: Upgrade\r\n", "Connection: Upgrade\r\nConnection: keep-alive\r\n",
                                  "connection: close, foo\r\nConnection: bar,UPGRADE\r\n", "Connection:\r\nConnection: upgrade\r\n"}) {
    EXPECT_EQ(read_request(connection(lines), {}).what, status::done) << lines;
    auto answer = "HTTP/1.1 101 Switching Protocols\r\n" + lines + "Upgrade: websocket\r\nSec-WebSocket-Accept: " + accept_of(key) + "\r\n\r\n";
    EXPECT_EQ(read_response(answer, key).what, status::done) << lines;
  }
  EXPECT_EQ(read_request(connection("Connection: Upgrade\r\n", "h2c, WebSocket"), {}).what, status::done);
  EXPECT_EQ(read_request(connection("Connection: Upgrade\r\n", "h2c\r\nUpgrade: websocket"), {}).what, status::done);
  for (const std::string lines : {"", "Connection: keep-alive\r\nConnection: close\r\n", "Connection: upgrades\r\n", "Connection: \"upgrade\"\r\n"})
    EXPECT_EQ(read_request(connection(lines), {}).what, status::refused) << lines;
  EXPECT_EQ(read_request(connection("Connection: Upgrade\r\n", "websockets"), {}).what, status::refused);
}

TEST(ws_handshake, takes_targets_in_absolute_form) {
  auto asks = [](const std::string& target) { return read_request(request("", "GET " + target + " HTTP/1.1"), {"/ockam", {}}).what; };
  for (auto* target : {"/ockam", "http://127.0.0.1/ockam", "http://h:8080/ockam", "https://h/ockam", "ws://h/ockam", "wss://[::1]:1/ockam"})
    EXPECT_EQ(asks(target), status::done) << target;
  for (auto* target : {"http://h", "http://h/", "http://h/other", "http://h?/ockam", "/x://h/ockam", "http:/ockam", "*"})
    EXPECT_EQ(asks(target), status::refused) << target;
  EXPECT_EQ(read_request(request("", "GET http://h HTTP/1.1"), {"/", {}}).what, status::done);
  EXPECT_EQ(read_request(request("", "GET http://h?x HTTP/1.1"), {"/?x", {}}).what, status::done);
}

TEST(ws_handshake, reads_heads_as_long_as_the_operator_says) {
  auto long_one = request("Cookie: " + std::string(20'000, 'c') + "\r\n");
  upgrade_policy p;
  EXPECT_EQ(read_request(request("Cookie: " + std::string(10'000, 'c') + "\r\n"), p).what, status::done);
  auto u = read_request(long_one, p);
  EXPECT_TRUE(u.answer.starts_with("HTTP/1.1 431 "));
  EXPECT_NE(u.problem.find("over 16 KiB"), std::string::npos) << u.problem;
  p.max_header = 32u << 10;
  EXPECT_EQ(read_request(long_one, p).what, status::done);
  p.max_header = 1u << 10;
  EXPECT_EQ(read_request(request("Cookie: " + std::string(1'000, 'c') + "\r\n"), p).what, status::refused);
}

TEST(ws_handshake, a_client_sends_its_cookies) {
  EXPECT_EQ(make_request({"h:1"}, key).find("Cookie"), std::string::npos);
  auto with = make_request({"h:1", "/", "a=b; c=d"}, key);
  EXPECT_NE(with.find("Cookie: a=b; c=d\r\n"), std::string::npos) << with;
  EXPECT_EQ(read_request(with, {}).what, status::done);
}

TEST(ws_handshake, web_pages_that_are_allowed_may_connect) {
  auto from = [](const std::string& origin) { return request("Origin: " + origin + "\r\n"); };
  upgrade_policy p{"/", {"https://good.example"}};
  EXPECT_EQ(read_request(from("https://good.example"), p).what, status::done);
  EXPECT_EQ(read_request(from("https://good.example.evil"), p).what, status::refused);
  EXPECT_EQ(read_request(request(), p).what, status::done);
  EXPECT_EQ(read_request(from("null"), {"/", {"*"}}).what, status::done);
}

TEST(ws_handshake, a_client_wants_what_it_asked_for) {
  auto good = read_request(request(), {}).answer;
  EXPECT_EQ(read_response(good, key).what, status::done);
  EXPECT_EQ(read_response(good.substr(0, good.size() - 1), key).what, status::incomplete);
  auto with = [&](const std::string& header) { return good.substr(0, good.size() - 2) + header + "\r\n\r\n"; };
  EXPECT_EQ(read_response(with("Sec-WebSocket-Extensions: permessage-deflate"), key).what, status::refused);
  EXPECT_EQ(read_response(with("Sec-WebSocket-Protocol: chat"), key).what, status::refused);
  EXPECT_EQ(read_response(without(good, "Sec-WebSocket-Accept"), key).what, status::refused);
  EXPECT_EQ(read_response(without(good, "Upgrade:"), key).what, status::refused);
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  auto late = read_response(interim + interim + good + "more", key);
  EXPECT_EQ(late.what, status::done);
  EXPECT_EQ(late.consumed, 2 * interim.size() + good.size());
  EXPECT_EQ(read_response(interim, key).what, status::incomplete);
  std::string endless;
  while (endless.size() < max_upgrade)
    endless += interim;
  EXPECT_EQ(read_response(endless, key).what, status::refused);
  auto no = read_response("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", key);
  EXPECT_EQ(no.what, status::refused);
  EXPECT_NE(no.problem.find("404 Not Found"), std::string::npos);
  EXPECT_EQ(read_response("SSH-2.0-OpenSSH_9.2\r\n\r\n", key).what, status::refused);
  EXPECT_EQ(read_response(std::string(max_upgrade, 'x'), key).what, status::refused);
}

} // namespace
} // namespace ockam::ws
