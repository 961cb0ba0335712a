// SPDX-License-Identifier: Apache-2.0
// What people write: routes, multiaddrs, endpoints, sizes, durations, and what they meant.
#include "runtime/core/endpoint.hpp"
#include "runtime/core/flow_controls.hpp"
#include "runtime/core/hex.hpp"
#include "runtime/core/multiaddr.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/core/units.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

TEST(route, both_ways) {
  auto r = parse_route(" 0#a=>1#127.0.0.1:4000 =>  b ");
  ASSERT_TRUE(r);
  EXPECT_EQ(*r, (route{"a", {transport_type::tcp, "127.0.0.1:4000"}, "b"}));
  EXPECT_EQ(to_string(*r), "0#a => 1#127.0.0.1:4000 => 0#b");
  ASSERT_TRUE(parse_route("  "));
  EXPECT_TRUE(parse_route("")->empty());
  EXPECT_EQ(parse_route("a=>=>b")->size(), 3u) << "an empty name is a name";
  EXPECT_FALSE(parse_route("a=>1#2#b"));
}

TEST(route, has_at_most_1024_hops) {
  std::string text = "a";
  for (std::size_t i = 1; i < max_route_hops; ++i)
    text += "=>a";
  EXPECT_TRUE(parse_route(text));
  auto more = parse_route(text + "=>a");
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, errc::too_large);
}

TEST(multiaddr, text_and_binary_both_ways) {
  for (auto* text : {"/service/echo", "/node/n1/service/hop/service/echo", "/ip4/127.0.0.1/tcp/4000/service/echo",
                     "/ip6/::1/tcp/0/worker/abc", "/dnsaddr/localhost/udp/65535", "/project/p/space/s/secure/api",
                     "/service/grüße", "/service/a b#c", "/ip4/1.2.3.4/tcp/80/ws/service/echo", "/dnsaddr/a.b/tcp/443/wss",
                     "/unix/%2Frun%2Fa%25b.sock/service/hop/ip6/::1/caf/5000"}) {
    auto m = parse_multiaddr(text);
    ASSERT_TRUE(m) << text << ": " << m.error().cause;
    EXPECT_EQ(to_string(*m), text);
    auto again = decode_multiaddr(encode(*m));
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(*again, *m);
  }
}

TEST(multiaddr, is_written_in_its_canonical_form) {
  auto canonical = [](std::string_view t) { return to_string(*parse_multiaddr(t)); };
  EXPECT_EQ(canonical("service/echo"), "/service/echo");
  EXPECT_EQ(canonical("self"), "/secure/api");
  EXPECT_EQ(canonical("/ip6/0:0:0:0:0:0:0:1/tcp/080"), "/ip6/::1/tcp/80");
  EXPECT_EQ(canonical(""), "");
}

TEST(multiaddr, binary_form_byte_for_byte) {
  EXPECT_EQ(to_hex(encode(*parse_multiaddr("/ip4/127.0.0.1/tcp/4000/service/echo"))), "047f000001060fa0bee803046563686f");
  EXPECT_EQ(to_hex(encode(*parse_multiaddr("/ip4/127.0.0.1/tcp/80/ws"))), "047f000001060050dd03");
  EXPECT_EQ(to_hex(encode(*parse_multiaddr("/unix/%2Fa"))), "9003022f61");
}

TEST(multiaddr, says_what_is_wrong) {
  struct {
    std::string_view text, cause, hint;
  } cases[] = {
    {"/servce/echo", "servce", "service"},   {"/service", "no value", ""},       {"/ip4/1.2.3/tcp/1", "IPv4", ""},
    {"/ip6/1.2.3.4/tcp/1", "IPv6", ""},      {"/tcp/65536", "over 65535", ""},   {"/tcp/x", "not a port", ""},
    {"/tcp/", "not a port", ""},             {"/tcp/-1", "not a port", ""},      {"//", "prefix", ""},
    {"/service/\xff", "UTF-8", ""},          {"/tcp/99999999999999999999", "over 65535", ""},
    {"/unix/run", "absolute", "%2F"},        {"/unix/%2Fa%2", "two hex digits", "%2F"}, {"/unix/%2Fa%00", "zero byte", ""},
    {"/ws/80", "prefix", ""},                {"/unix", "no value", ""},
  };
  for (auto& c : cases) {
    auto m = parse_multiaddr(c.text);
    ASSERT_FALSE(m) << c.text;
    EXPECT_EQ(m.error().code, errc::invalid_route) << c.text;
    EXPECT_NE(m.error().cause.find(c.cause), std::string::npos) << m.error().cause;
    EXPECT_NE(m.error().hint.find(c.hint), std::string::npos) << m.error().hint;
  }
}

TEST(multiaddr, hostile_bytes_are_refused) {
  for (auto* text : {"05", "04", "047f0000", "0600", "bee80305", "bee803ffffffffffffffffff01", "bee80301ff", "bee803012f",
                     "bee8030100", "80", "ffffffffffffffffffff"}) {
    auto m = decode_multiaddr(*parse_hex(text));
    ASSERT_FALSE(m) << text;
    EXPECT_EQ(m.error().code, errc::malformed) << text;
  }
}

TEST(multiaddr, stands_for_a_route_with_any_number_of_transport_hops) {
  auto r = to_route(*parse_multiaddr("/ip4/1.2.3.4/tcp/7000/service/hop/ip6/::1/udp/8000/dnsaddr/a.b/tcp/1/worker/w"));
  ASSERT_TRUE(r);
  EXPECT_EQ(to_string(*r), "1#1.2.3.4:7000 => 0#hop => 2#[::1]:8000 => 1#a.b:1 => 0#w");
  r = to_route(*parse_multiaddr("/ip4/1.2.3.4/tcp/80/ws/service/hop/dnsaddr/a.b/tcp/443/wss/service/hop/unix/%2Frun%2Fn1.sock/service/hop/ip6/::1/caf/5000"));
  ASSERT_TRUE(r);
  EXPECT_EQ(to_string(*r), "3#ws://1.2.3.4:80 => 0#hop => 3#wss://a.b:443 => 0#hop => 5#/run/n1.sock => 0#hop => 200#[::1]:5000");
  for (auto* text : {"/tcp/1/service/a", "/ip4/1.2.3.4/service/a", "/ip4/1.2.3.4", "/ws/service/a", "/ip4/1.2.3.4/udp/80/ws", "/caf/5000"}) {
    auto bad = to_route(*parse_multiaddr(text));
    ASSERT_FALSE(bad) << text;
    EXPECT_EQ(bad.error().code, errc::invalid_route);
  }
  for (auto* text : {"/node/n1", "/secure/api", "/project/p"})
    EXPECT_EQ(to_route(*parse_multiaddr(text)).error().code, errc::unsupported) << text;
}

TEST(endpoint, what_connect_takes) {
  auto text = [](std::string_view t) {
    auto e = parse_endpoint(t);
    return e ? to_string(*e) : "! " + e.error().cause;
  };
  EXPECT_EQ(text("4000"), "127.0.0.1:4000");
  EXPECT_EQ(text(":4000"), "127.0.0.1:4000");
  EXPECT_EQ(text("10.0.0.1:0"), "10.0.0.1:0");
  EXPECT_EQ(text("[::1]:65535"), "[::1]:65535");
  EXPECT_EQ(text("my_host-1.example.org:1"), "my_host-1.example.org:1");
  for (auto* bad : {"", "host", "host:", "host:65536", "host:-1", "host:1x", "::1:4000", "[::1]", "[1.2.3.4]:1", "[name]:1",
                    ":", "-a:1", "a-:1", "a..b:1", ".a:1", "a b:1", "a/b:1", "ä:1", "[::1]:x"}) {
    auto e = parse_endpoint(bad);
    ASSERT_FALSE(e) << bad;
    EXPECT_EQ(e.error().code, errc::invalid_address) << bad;
    EXPECT_FALSE(e.error().hint.empty()) << bad;
  }
  EXPECT_EQ(text(std::string(63, 'a') + ":1"), std::string(63, 'a') + ":1");
  EXPECT_FALSE(parse_endpoint(std::string(64, 'a') + ":1"));
  std::string longest = "a";
  while (longest.size() < 253)
    longest += longest.size() + 2 <= 253 ? ".a" : "a";
  EXPECT_TRUE(parse_endpoint(longest + ":1"));
  EXPECT_FALSE(parse_endpoint(longest + "a.a:1"));
}

TEST(endpoint, a_link_local_address_names_its_interface) {
  for (auto* text : {"[fe80::1%eth0]:4000", "[fe80::1%eth0.100]:0", "[fe80::1%2]:4000", "[febf::1%abcdefghijklmno]:1"}) {
    auto e = parse_socket_address(text);
    ASSERT_TRUE(e) << e.error().cause;
    EXPECT_EQ(to_string(*e), text);
    EXPECT_TRUE(is_ip_literal(e->host));
    EXPECT_TRUE(parse_endpoint(text));
  }
  auto without = parse_socket_address("[fe80::77]:4000");
  ASSERT_FALSE(without);
  EXPECT_NE(without.error().cause.find("on which interface"), std::string::npos);
  EXPECT_EQ(without.error().hint, "[fe80::77%eth0]:4000");
  for (auto* bad : {"[fe80::1%]:1", "[fe80::1%a/b]:1", "[fe80::1%abcdefghijklmnop]:1", "[::1%lo]:1", "[2001:db8::1%eth0]:1", "[fe80::1%a%b]:1",
                    "[fe80::1%25eth0%]:1", "fe80::1%eth0:1", "127.0.0.1%lo:1", "a%b:1"})
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
}

TEST(endpoint, a_name_may_end_with_a_dot) {
  EXPECT_EQ(to_string(*parse_endpoint("example.com.:4000")), "example.com.:4000");
  for (auto* bad : {".:1", "a..:1", "example.com..:1"})
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
  EXPECT_EQ(public_host("example.com."), "example.com");
  EXPECT_EQ(public_host("fe80::1%eth0"), "fe80::1");
  EXPECT_EQ(public_host("127.0.0.1"), "127.0.0.1");
}

TEST(endpoint, names_of_this_host) {
  for (auto* name : {"localhost", "LocalHost", "localhost.", "a.localhost"})
    EXPECT_TRUE(is_localhost(name)) << name;
  for (auto* name : {"", "localhos", "notlocalhost", "localhost.org", "127.0.0.1"})
    EXPECT_FALSE(is_localhost(name)) << name;
}

TEST(multiaddr, a_link_local_host_with_its_interface) {
  auto m = parse_multiaddr("/ip6/FE80::1%eth0/tcp/4000/service/echo");
  ASSERT_TRUE(m) << m.error().cause;
  EXPECT_EQ(to_string(*m), "/ip6/fe80::1%eth0/tcp/4000/service/echo");
  EXPECT_EQ(to_string(*to_route(*m)), "1#[fe80::1%eth0]:4000 => 0#echo");
  EXPECT_EQ(to_string(*decode_multiaddr(encode(*m))), "/ip6/fe80::1/tcp/4000/service/echo");
  EXPECT_EQ(to_string(*to_route(*parse_multiaddr("/ip6/fe80::1%eth0/tcp/80/ws"))), "3#ws://[fe80::1%25eth0]:80");
  EXPECT_FALSE(parse_multiaddr("/ip6/::1%lo/tcp/1"));
  EXPECT_FALSE(parse_multiaddr("/ip4/127.0.0.1%lo/tcp/1"));
}

TEST(endpoint, a_zero_byte_ends_no_host) {
  using namespace std::string_view_literals;
  for (auto bad : {"1.2.3.4\0:4000"sv, "1.2.3.4\0.example.org:1"sv, "[::1\0]:1"sv}) {
    EXPECT_FALSE(parse_endpoint(bad));
    EXPECT_FALSE(parse_socket_address(bad));
  }
  EXPECT_FALSE(parse_multiaddr("/ip4/1.2.3.4\0x/tcp/1"sv));
}

TEST(endpoint, what_listen_takes) {
  EXPECT_TRUE(parse_socket_address("127.0.0.1:0"));
  EXPECT_TRUE(parse_socket_address("[::]:4000"));
  auto port = parse_socket_address("4107");
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().hint, "127.0.0.1:4107");
  auto name = parse_socket_address("localhost:4107");
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error().hint, "127.0.0.1:4107");
}

TEST(units, durations) {
  using namespace std::chrono_literals;
  auto ms = [](std::string_view t) { return parse_duration(t) ? parse_duration(t)->count() : -1; };
  EXPECT_EQ(ms("10s"), 10'000);
  EXPECT_EQ(ms("500ms"), 500);
  EXPECT_EQ(ms("2m"), 120'000);
  EXPECT_EQ(ms("1h"), 3'600'000);
  EXPECT_EQ(ms("1d"), 86'400'000);
  EXPECT_EQ(ms("30"), 30'000);
  EXPECT_EQ(ms("0"), 0);
  for (auto* bad : {"", "s", "-1s", "1.5s", "1 s", "1x", "99999999999999999999s", "40000d", "9223372036854775807ms"})
    EXPECT_EQ(ms(bad), -1) << bad;
  EXPECT_EQ(to_string(90'000ms), "90s");
  EXPECT_EQ(to_string(120'000ms), "2m");
  EXPECT_EQ(to_string(1'500ms), "1500ms");
  EXPECT_EQ(to_string(0ms), "0ms");
}

TEST(units, sizes) {
  auto size = [](std::string_view t) { return parse_size(t) ? *parse_size(t) : std::uint64_t{0} - 1; };
  EXPECT_EQ(size("4096"), 4096u);
  EXPECT_EQ(size("64KiB"), 65536u);
  EXPECT_EQ(size("64k"), 65536u);
  EXPECT_EQ(size("16MiB"), 16u << 20);
  EXPECT_EQ(size("1g"), 1u << 30);
  for (auto* bad : {"", "KiB", "1kb", "-1", "1.5m", "18446744073709551615", "9999999999g"})
    EXPECT_EQ(size(bad), std::uint64_t{0} - 1) << bad;
  EXPECT_EQ(size_text(16u << 20), "16MiB");
  EXPECT_EQ(size_text(100), "100");
}

TEST(suggest, finds_what_was_meant) {
  const std::vector<std::string> names{"service", "secure", "space", "tcp"};
  EXPECT_EQ(nearest("servce", names), "service");
  EXPECT_EQ(nearest("tpc", names), "tcp") << "two letters changed places";
  EXPECT_EQ(nearest("sevrice", names), "service");
  EXPECT_FALSE(nearest("elephant", names));
  EXPECT_FALSE(nearest("", names));
  EXPECT_FALSE(nearest("tcp", std::vector<std::string>{"tcp"})) << "what is right is no suggestion";
  EXPECT_FALSE(nearest(std::string(5000, 'x'), names));
  EXPECT_FALSE(nearest("a-long-name-\\xff", std::vector<std::string>{"a-long-name-\xff"})) << "it would read like what was typed";
}

TEST(flow_controls, are_32_digits_outside_and_small_numbers_inside) {
  flow_controls f;
  auto a = f.create(), b = f.create();
  EXPECT_NE(a, 0u);
  EXPECT_NE(a, b);
  std::string text{f.text(a)};
  EXPECT_EQ(text.size(), 32u);
  EXPECT_EQ(*f.find(text), a);
  f.remove(a);
  EXPECT_TRUE(f.text(a).empty());
  EXPECT_EQ(f.find(text).error().code, errc::not_found);
  f.remove(a);
  EXPECT_NE(f.create(), a) << "not used again";
}

} // namespace
} // namespace ockam
