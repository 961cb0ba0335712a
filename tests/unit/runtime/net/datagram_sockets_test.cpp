// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/datagram_sockets.hpp"

#include "runtime/net/sockets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace ockam {
namespace {

const ip_endpoint here = *parse_ip_endpoint("127.0.0.1:4000");
const ip_endpoint here_again = here;
const ip_endpoint there = *parse_ip_endpoint("127.0.0.1:4001");

/// Datagrams of these sizes to one peer; what they hold does not matter.
std::vector<net::datagrams::outbound> datagrams(const std::vector<std::size_t>& sizes, const ip_endpoint* to = nullptr) {
  static std::array<std::byte, 65'507> bytes;
  std::vector<net::datagrams::outbound> out;
  for (auto size : sizes)
    out.push_back({to, {iovec{bytes.data(), size / 2}, iovec{bytes.data(), size - size / 2}}});
  return out;
}

std::size_t equal(const std::vector<std::size_t>& sizes) {
  return equal_datagrams(datagrams(sizes));
}

TEST(equal_datagrams, are_those_with_the_size_of_the_first) {
  EXPECT_EQ(equal({100}), 1u);
  EXPECT_EQ(equal({100, 100, 100}), 3u);
  EXPECT_EQ(equal({100, 100, 101, 100}), 2u);
}

TEST(equal_datagrams, end_with_one_that_is_shorter) {
  EXPECT_EQ(equal({100, 100, 1, 100}), 3u);
  EXPECT_EQ(equal({100, 99}), 2u);
}

TEST(equal_datagrams, have_bytes) {
  EXPECT_EQ(equal({0, 0}), 1u);
  EXPECT_EQ(equal({100, 0}), 1u);
}

TEST(equal_datagrams, are_as_many_as_the_system_takes) {
  EXPECT_EQ(equal(std::vector<std::size_t>(100, 10)), 64u);
  EXPECT_EQ(equal(std::vector<std::size_t>(40, 10'000)), 6u); // 65,507 bytes at most
}

TEST(equal_datagrams, go_to_one_peer) {
  auto to_here = datagrams({100, 100}, &here);
  to_here.push_back(datagrams({100}, &here_again)[0]);
  to_here.push_back(datagrams({100}, &there)[0]);
  EXPECT_EQ(equal_datagrams(to_here), 3u);
  to_here[1].to = nullptr;
  EXPECT_EQ(equal_datagrams(to_here), 1u);
}

TEST(local_addresses, have_the_loopback_one) {
  auto loopback = *parse_ip_endpoint("127.0.0.1:0");
  auto all = local_addresses();
  EXPECT_NE(std::find(all.begin(), all.end(), loopback), all.end());
}

TEST(equal_datagrams, come_from_one_address_of_this_host) {
  auto all = datagrams({100, 100, 100}, &here);
  all[0].from = all[1].from = &here;
  EXPECT_EQ(equal_datagrams(all), 2u);
  all[2].from = &here_again;
  EXPECT_EQ(equal_datagrams(all), 3u);
}

/// A socket of this test at `at`, closed at the end.
struct test_socket {
  explicit test_socket(const endpoint& at) {
    auto made = bind_udp(at);
    if (!made)
      throw std::runtime_error{made.error().cause};
    fd = *made;
  }
  test_socket(const test_socket&) = delete;
  ~test_socket() { ::close(fd); }
  std::uint16_t port() const { return parse_ip_endpoint(local_text(fd))->port; }
  int fd = -1;
};

//   asker ∙∙▶ 127.0.0.2 ∙∙ a socket at all addresses, IPv4 alone or both families
TEST(datagrams_at_all_addresses, say_which_was_asked_and_come_from_there) {
  for (auto* host : {"0.0.0.0", "::"}) {
    auto family = std::string{host} == "::" ? AF_INET6 : AF_INET;
    test_socket server{{host, 0}}, asker{{"127.0.0.1", 0}};
    tell_who_was_asked(server.fd, family);
    sockaddr_storage to;
    auto size = to_sockaddr(*parse_ip_endpoint("127.0.0.2:" + std::to_string(server.port())), AF_INET, to);
    char byte = 'x';
    ASSERT_EQ(::sendto(asker.fd, &byte, 1, 0, reinterpret_cast<sockaddr*>(&to), size), 1);
    sockaddr_storage from;
    iovec v{&byte, 1};
    alignas(cmsghdr) std::array<std::byte, packet_info_room> control;
    msghdr m{&from, sizeof(from), &v, 1, control.data(), control.size(), 0};
    ASSERT_EQ(::recvmsg(server.fd, &m, 0), 1) << "over loopback it is there at once";
    auto asked = who_was_asked(m);
    ASSERT_TRUE(asked);
    EXPECT_EQ(to_string(*asked), "127.0.0.2:0");
    m.msg_controllen = 0;
    m.msg_flags = 0;
    come_from(*asked, family, m);
    ASSERT_EQ(::sendmsg(server.fd, &m, 0), 1) << std::strerror(errno);
    socklen_t length = sizeof(from);
    ASSERT_EQ(::recvfrom(asker.fd, &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), &length), 1);
    EXPECT_EQ(to_string(*endpoint_of(reinterpret_cast<sockaddr*>(&from))), "127.0.0.2:" + std::to_string(server.port()));
  }
}

TEST(bind_udp, tells_an_address_that_is_not_here_from_one_that_is_taken) {
  auto absent = bind_udp({"192.0.2.1", 0});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, errc::address_unavailable);
  auto no_interface = bind_udp({"fe80::1%nosuch0", 0});
  ASSERT_FALSE(no_interface);
  EXPECT_EQ(no_interface.error().code, errc::address_unavailable);
  EXPECT_NE(no_interface.error().cause.find("no network interface nosuch0"), std::string::npos);
  test_socket both{{"::", 0}};
  auto four = bind_udp({"0.0.0.0", both.port()});
  ASSERT_FALSE(four);
  EXPECT_EQ(four.error().code, errc::address_in_use);
  EXPECT_NE(four.error().hint.find("takes IPv4 as well"), std::string::npos);
}

TEST(listen_tcp, tells_an_address_that_is_not_here_from_one_that_is_taken) {
  EXPECT_EQ(listen_tcp({"192.0.2.1", 0}).error().code, errc::address_unavailable);
  auto four = listen_tcp({"0.0.0.0", 0});
  ASSERT_TRUE(four);
  auto six = listen_tcp({"::", parse_ip_endpoint(local_text(*four))->port});
  ASSERT_FALSE(six);
  EXPECT_EQ(six.error().code, errc::address_in_use);
  EXPECT_NE(six.error().hint.find("it is enough alone"), std::string::npos);
  ::close(*four);
}

} // namespace
} // namespace ockam
