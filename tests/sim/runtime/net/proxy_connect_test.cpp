// SPDX-License-Identifier: Apache-2.0
// Connects by way of a proxy that the test plays, byte by byte where it is mean.
#include "runtime/net/proxy_connect.hpp"
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

//   test's reactor ──▶ proxy:1 (the test) ─ ─ ▶ far.example:4000
class proxy_connect_test : public testing::Test {
 protected:
  void begin(const std::string& proxy, endpoint to = {"far.example", 4000}) {
    outcome_.reset();
    net_.serve("127.0.0.1:3128");
    auto by = parse_proxy(proxy);
    ASSERT_TRUE(by);
    connecting_ = std::make_unique<proxy_connect>(reactor_, *by, to, 10s, [this](auto s) { outcome_.emplace(std::move(s)); });
    net_.run();
    auto& server = net_.serve("127.0.0.1:3128");
    if (server.waiting())
      proxy_.emplace(server.accept());
  }
  std::string heard() {
    net_.run();
    return proxy_->receive();
  }
  void say(const std::string& bytes) {
    proxy_->send(bytes);
    net_.run();
  }
  bool up() const { return outcome_ && *outcome_; }
  std::string why() const { return !outcome_ ? "nothing yet" : *outcome_ ? "it is up" : outcome_->error().cause + " | " + outcome_->error().hint; }
  /// What the new owner of the stream reads.
  std::string rest() {
    std::array<char, 100> bytes;
    iovec v{bytes.data(), bytes.size()};
    auto r = (**outcome_)->read({&v, 1});
    return r.what == net::io_result::status::ok ? std::string(bytes.data(), r.bytes) : std::string{};
  }

  network net_;
  reactor reactor_{net_};
  std::optional<client> proxy_;
  std::optional<result<net::stream_ptr>> outcome_;
  net::connecting_ptr connecting_;
};

TEST_F(proxy_connect_test, asks_an_http_proxy_and_leaves_what_follows_its_answer) {
  begin("http://127.0.0.1:3128");
  EXPECT_EQ(heard(), "CONNECT far.example:4000 HTTP/1.1\r\nHost: far.example:4000\r\n\r\n");
  say("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n\x01peer");
  ASSERT_TRUE(up()) << why();
  EXPECT_EQ(rest(), "\x01peer");
  EXPECT_EQ(reactor_.timers(), 0u);
}

TEST_F(proxy_connect_test, is_fed_byte_by_byte) {
  net_.disturb(4);
  begin("http://me:pass@127.0.0.1:3128", {"::1", 4000});
  auto request = heard();
  EXPECT_EQ(request, "CONNECT [::1]:4000 HTTP/1.1\r\nHost: [::1]:4000\r\nProxy-Authorization: Basic bWU6cGFzcw==\r\n\r\n");
  for (char c : "HTTP/1.0 100 wait\r\n\r\nHTTP/1.0 200 OK\r\n\r\n"s) {
    EXPECT_FALSE(outcome_);
    say(std::string(1, c));
  }
  EXPECT_TRUE(up()) << why();
}

TEST_F(proxy_connect_test, http_proxies_that_refuse) {
  struct {
    const char* answer;
    errc code;
    const char* says;
  } const cases[] = {{"HTTP/1.1 403 Forbidden\r\n\r\n", errc::unreachable, "403 Forbidden"},
                     {"HTTP/1.1 502\r\n\r\n", errc::unreachable, "502"},
                     {"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", errc::permission_denied, "does not accept the user"},
                     {"SSH-2.0-OpenSSH\r\n\r\n", errc::unreachable, "not answer as an HTTP proxy"},
                     {"HTTP/1.1 2x0 OK\r\n\r\n", errc::unreachable, "not answer as an HTTP proxy"},
                     {"HTTP/1.1\r\n\r\n", errc::unreachable, "not answer as an HTTP proxy"},
                     {"\r\n\r\n", errc::unreachable, "not answer as an HTTP proxy"}};
  for (const auto& c : cases) {
    begin("http://me:secret@127.0.0.1:3128");
    say(c.answer);
    ASSERT_TRUE(outcome_ && !*outcome_) << c.answer;
    EXPECT_EQ(outcome_->error().code, c.code) << why();
    EXPECT_NE(why().find(c.says), std::string::npos) << why();
    EXPECT_EQ(why().find("secret"), std::string::npos) << why();
  }
  begin("http://127.0.0.1:3128");
  say("HTTP/1.1 407 Who are you\r\n\r\n");
  EXPECT_NE(why().find("asks for a user and a password"), std::string::npos) << why();
  begin("http://127.0.0.1:3128");
  say("HTTP/1.1 200 " + std::string(proxy_connect::max_head, 'x'));
  EXPECT_NE(why().find("not answer as an HTTP proxy"), std::string::npos) << why();
}

TEST_F(proxy_connect_test, asks_a_socks_proxy_for_a_name_and_leaves_what_follows) {
  begin("socks5://127.0.0.1:3128");
  EXPECT_EQ(heard(), "\x05\x01\x00"s);
  say("\x05\x00"s);
  EXPECT_EQ(heard(), "\x05\x01\x00\x03\x0b"s + "far.example" + "\x0f\xa0");
  say("\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34\x01peer"s);
  ASSERT_TRUE(up()) << why();
  EXPECT_EQ(rest(), "\x01peer");
}

TEST_F(proxy_connect_test, gives_a_socks_proxy_user_and_password_and_addresses_as_bytes) {
  begin("socks5://me:pass@127.0.0.1:3128", {"10.0.0.1", 1});
  EXPECT_EQ(heard(), "\x05\x02\x00\x02"s);
  say("\x05\x02"s);
  EXPECT_EQ(heard(), "\x01\x02me\x04pass"s);
  say("\x01\x00"s);
  EXPECT_EQ(heard(), "\x05\x01\x00\x01\x0a\x00\x00\x01\x00\x01"s);
  for (char c : "\x05\x00\x00\x03\x02hi\x00\x01"s) { // a reply with a name in it
    EXPECT_FALSE(outcome_);
    say(std::string(1, c));
  }
  EXPECT_TRUE(up()) << why();
  begin("socks5://127.0.0.1:3128", {"::1", 1});
  heard();
  say("\x05\x00"s);
  EXPECT_EQ(heard(), "\x05\x01\x00\x04"s + std::string(15, '\0') + "\x01\x00\x01"s);
  say("\x05\x00\x00\x04"s + std::string(18, 'x') + "p");
  ASSERT_TRUE(up()) << why();
  EXPECT_EQ(rest(), "p");
}

TEST_F(proxy_connect_test, socks_proxies_that_refuse) {
  struct {
    std::vector<std::string> answers;
    const char* says;
  } const cases[] = {{{"\x05\xff"s}, "asks for a user and a password"},
                     {{"\x05\x01"s}, "asks for a user and a password"},
                     {{"\x04\x00"s}, "not answer as a SOCKS5 proxy"},
                     {{"HT"s}, "not answer as a SOCKS5 proxy"},
                     {{"\x05\x02"s, "\x01\x01"s}, "does not accept the user and password"},
                     {{"\x05\x00"s, "\x05\x05\x00\x01"s}, "the connection was refused"},
                     {{"\x05\x00"s, "\x05\x63\x00\x01"s}, "an unknown reason"},
                     {{"\x05\x00"s, "\x05\x00\x00\x09"s}, "not answer as a SOCKS5 proxy"}};
  for (const auto& c : cases) {
    begin("socks5://me:secret@127.0.0.1:3128");
    for (const auto& a : c.answers)
      say(a);
    ASSERT_TRUE(outcome_ && !*outcome_) << c.says;
    EXPECT_NE(why().find(c.says), std::string::npos) << why();
    EXPECT_EQ(why().find("secret"), std::string::npos) << why();
  }
}

TEST_F(proxy_connect_test, proxies_that_are_not_there_end_or_say_nothing) {
  connecting_ = std::make_unique<proxy_connect>(reactor_, *parse_proxy("http://127.0.0.1:9"), endpoint{"far.example", 1}, 10s,
                                                [this](auto s) { outcome_.emplace(std::move(s)); });
  net_.run();
  EXPECT_NE(why().find("the proxy is not there"), std::string::npos) << why();
  for (auto* kind : {"http", "socks5"}) {
    begin(kind + "://127.0.0.1:3128"s);
    proxy_->close();
    net_.run();
    EXPECT_NE(why().find("ended the connection"), std::string::npos) << why();
    begin(kind + "://127.0.0.1:3128"s);
    net_.advance(9s);
    EXPECT_FALSE(outcome_);
    net_.advance(2s);
    ASSERT_TRUE(outcome_ && !*outcome_);
    EXPECT_EQ(outcome_->error().code, errc::timed_out);
  }
}

TEST_F(proxy_connect_test, may_be_given_up_at_any_time) {
  begin("http://127.0.0.1:3128");
  proxy_->send("HTTP/1.1 200 OK\r\n\r\n");
  connecting_.reset();
  net_.run();
  EXPECT_FALSE(outcome_);
  EXPECT_TRUE(proxy_->closed_by_peer());
  EXPECT_EQ(reactor_.timers(), 0u);
}

//   n1: a connection with `proxy` ──▶ proxy:1 (the test), which plays the far node as well
TEST(proxied_connection, becomes_a_link) {
  network net;
  net.serve("127.0.0.1:3128");
  std::optional<result<link_info>> up; // told of what has not come about when the node ends
  node n1{net, "n1"};
  for (auto* transport : {"tcp", "ws", "caf"}) {
    up.reset();
    n1.reactor().post([&] {
      connect_options o;
      o.extra = {{"proxy", "http://me:secret@127.0.0.1:3128"}};
      n1.over(transport).connect("far.example:4000", std::move(o), [&](auto l) { up.emplace(std::move(l)); });
    });
    net.run();
    auto proxy = net.serve("127.0.0.1:3128").accept();
    EXPECT_TRUE(proxy.receive().starts_with("CONNECT far.example:4000 "));
    proxy.send("HTTP/1.1 200 OK\r\n\r\n" + std::string{transport == std::string{"tcp"} ? preamble : ""});
    net.run();
    if (transport == std::string{"caf"})
      continue; // where its server speaks first
    if (transport == std::string{"ws"}) {
      EXPECT_NE(proxy.receive().find("Host: far.example:4000\r\n"), std::string::npos);
      continue;
    }
    ASSERT_TRUE(up && *up) << (up ? up->error().cause : "nothing");
    EXPECT_EQ((*up)->socket_address, "far.example:4000");
    n1.send({address{(*up)->link_address}, "echo"}, "hello");
    EXPECT_NE(proxy.receive().find("hello"), std::string::npos);
  }
}

} // namespace
} // namespace ockam::sim
