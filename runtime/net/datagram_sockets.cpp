// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/datagram_sockets.hpp"

#include "runtime/net/sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

namespace ockam {

namespace {

/// A burst of a large message has to wait somewhere while the node does other things. The system caps it
/// (net.core.rmem_max).
constexpr int receive_buffer = 4 << 20;

/// Of a piece that the system cuts up: what it admits at most, and what a datagram can have.
constexpr std::size_t most_datagrams = 64;
constexpr std::size_t most_bytes = 65'507;

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

result<int> make_socket(int family, const std::string& what) {
  auto fd = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return system_error(what, errno);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  return fd;
}

} // namespace

std::optional<ip_endpoint> endpoint_of(const sockaddr* a) noexcept {
  ip_endpoint e;
  if (a->sa_family == AF_INET) {
    const auto& in = *reinterpret_cast<const sockaddr_in*>(a);
    std::memcpy(e.ip.data(), &in.sin_addr, 4);
    e.port = ntohs(in.sin_port);
    return e;
  }
  if (a->sa_family != AF_INET6)
    return std::nullopt;
  const auto& in = *reinterpret_cast<const sockaddr_in6*>(a);
  e.port = ntohs(in.sin6_port);
  if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
    std::memcpy(e.ip.data(), in.sin6_addr.s6_addr + mapped_prefix.size(), 4);
    return e;
  }
  std::memcpy(e.ip.data(), in.sin6_addr.s6_addr, e.ip.size());
  e.v6 = true;
  e.scope = in.sin6_scope_id;
  return e;
}

socklen_t to_sockaddr(const ip_endpoint& e, int family, sockaddr_storage& out) noexcept {
  if (family == AF_INET) {
    if (e.v6)
      return 0;
    auto& in = reinterpret_cast<sockaddr_in&>(out);
    in = {};
    in.sin_family = AF_INET;
    in.sin_port = htons(e.port);
    std::memcpy(&in.sin_addr, e.ip.data(), 4);
    return sizeof(in);
  }
  auto& in = reinterpret_cast<sockaddr_in6&>(out);
  in = {};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(e.port);
  in.sin6_scope_id = e.scope;
  if (e.v6) {
    std::memcpy(in.sin6_addr.s6_addr, e.ip.data(), e.ip.size());
  } else {
    std::memcpy(in.sin6_addr.s6_addr, mapped_prefix.data(), mapped_prefix.size());
    std::memcpy(in.sin6_addr.s6_addr + mapped_prefix.size(), e.ip.data(), 4);
  }
  return sizeof(in);
}

result<int> bind_udp(const endpoint& at) {
  auto what = "cannot bind udp " + to_string(at);
  auto a = literal_address(what, at);
  if (!a)
    return std::move(a).error();
  auto fd = make_socket(a->family(), what);
  if (fd && ::bind(*fd, a->raw(), a->size()) < 0) {
    auto e = listen_error(what, at, errno);
    ::close(*fd);
    return e;
  }
  return fd;
}

result<int> connect_udp(const ip_endpoint& peer) {
  auto what = "cannot send to udp " + to_string(peer);
  sockaddr_storage a;
  auto family = peer.v6 ? AF_INET6 : AF_INET;
  auto size = to_sockaddr(peer, family, a);
  auto fd = make_socket(family, what);
  if (fd && ::connect(*fd, reinterpret_cast<const sockaddr*>(&a), size) < 0) {
    auto e = system_error(what, errno);
    if (e.code == errc::address_unavailable) // there is no way to its family
      e = {errc::unreachable, e.cause, {}};
    ::close(*fd);
    return e;
  }
  return fd;
}

std::vector<ip_endpoint> local_addresses() {
  std::vector<ip_endpoint> out;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) < 0)
    return out;
  std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all{first, &::freeifaddrs};
  for (auto* i = first; i; i = i->ifa_next)
    if (auto e = i->ifa_addr ? endpoint_of(i->ifa_addr) : std::nullopt)
      out.push_back(*e);
  return out;
}

void tell_who_was_asked(int fd, int family) noexcept {
  int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)); // of an IPv6 socket: for the IPv4 that it takes
  if (family == AF_INET6)
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

std::optional<ip_endpoint> who_was_asked(msghdr& h) noexcept {
  std::optional<ip_endpoint> out;
  for (auto* c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
    ip_endpoint e;
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof(info));
      std::memcpy(e.ip.data(), &info.ipi_spec_dst, 4); // of a broadcast, this host's own address
      return e;
    }
    if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_PKTINFO)
      continue;
    in6_pktinfo info;
    std::memcpy(&info, CMSG_DATA(c), sizeof(info));
    if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr) || IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr))
      continue;
    std::memcpy(e.ip.data(), &info.ipi6_addr, e.ip.size());
    e.v6 = true;
    e.scope = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? info.ipi6_ifindex : 0;
    out = e;
  }
  return out;
}

void come_from(const ip_endpoint& from, int family, msghdr& h) noexcept {
  auto put = [&h](int level, int type, const auto& info) {
    auto* c = reinterpret_cast<cmsghdr*>(static_cast<std::byte*>(h.msg_control) + h.msg_controllen);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(sizeof(info));
    std::memcpy(CMSG_DATA(c), &info, sizeof(info));
    h.msg_controllen += CMSG_SPACE(sizeof(info));
  };
  if (family == AF_INET) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, from.ip.data(), 4);
    return put(IPPROTO_IP, IP_PKTINFO, info);
  }
  sockaddr_storage a;
  to_sockaddr(from, AF_INET6, a);
  in6_pktinfo info{};
  info.ipi6_addr = reinterpret_cast<const sockaddr_in6&>(a).sin6_addr;
  info.ipi6_ifindex = from.scope;
  put(IPPROTO_IPV6, IPV6_PKTINFO, info);
}

bool can_cut(int fd) noexcept {
  int size = 0;
  socklen_t length = sizeof(size);
  return ::getsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, &length) == 0;
}

std::size_t equal_datagrams(std::span<const net::datagrams::outbound> out) noexcept {
  const auto& first = out[0];
  auto size = size_of(first);
  std::size_t n = 1;
  if (size == 0)
    return n;
  auto equal = [](const ip_endpoint* l, const ip_endpoint* r) { return l == r || (l && r && *l == *r); };
  auto same_way = [&](const net::datagrams::outbound& d) { return equal(d.to, first.to) && equal(d.from, first.from); };
  for (auto bytes = size; n < std::min(out.size(), most_datagrams); ++n) {
    auto next = size_of(out[n]);
    bytes += next;
    if (!same_way(out[n]) || next > size || next == 0 || bytes > most_bytes)
      break;
    if (next < size)
      return n + 1; // nothing can come behind it
  }
  return n;
}

} // namespace ockam
