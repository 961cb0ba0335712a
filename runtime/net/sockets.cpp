// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/sockets.hpp"

#include "runtime/net/datagram_sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

namespace ockam {

namespace {

constexpr int backlog = 4096; // the kernel caps it at somaxconn

std::string text_of(const sockaddr_storage& a) {
  auto e = endpoint_of(reinterpret_cast<const sockaddr*>(&a));
  return e ? to_string(*e) : std::string{};
}

error close_and_report(int fd, const std::string& what, const endpoint& at) {
  auto e = listen_error(what, at, errno);
  ::close(fd);
  return e;
}

/// `getaddrinfo` with these flags; its return value.
int look_up(const std::string& host, std::uint16_t port, int flags, std::vector<socket_address>& out) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* list = nullptr;
  auto rc = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (rc != 0)
    return rc;
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> guard{list, &freeaddrinfo};
  for (auto* a = list; a; a = a->ai_next)
    out.emplace_back(a->ai_addr, a->ai_addrlen);
  return 0;
}

/// Whether a socket here can have this address.
bool is_of_this_host(const socket_address& a) {
  auto fd = ::socket(a.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return false;
  sockaddr_storage any_port{};
  std::memcpy(&any_port, a.raw(), a.size());
  if (any_port.ss_family == AF_INET6)
    reinterpret_cast<sockaddr_in6&>(any_port).sin6_port = 0;
  else
    reinterpret_cast<sockaddr_in&>(any_port).sin_port = 0;
  auto rc = ::bind(fd, reinterpret_cast<const sockaddr*>(&any_port), a.size());
  ::close(fd);
  return rc == 0;
}

/// Whether it is a name of this host, of which some addresses may have been left out.
bool lacks_own_addresses(const std::vector<socket_address>& found) {
  auto of_one_family = std::all_of(found.begin(), found.end(), [&](auto& a) { return a.family() == found.front().family(); });
  return of_one_family && std::any_of(found.begin(), found.end(), &is_of_this_host);
}

/// The system leaves out families of which it has no address but the loopback one (AI_ADDRCONFIG): else each look-up
/// would also ask for addresses that are of no use. But an address of this host itself needs no way to others, so what
/// is found in no other way, and what is a name of this host, is asked for without that. Files that list hosts know no
/// name with a dot behind it.
int look_up_name(const endpoint& to, std::vector<socket_address>& out) {
  if (is_localhost(to.host))
    return look_up(std::string{public_host(to.host)}, to.port, 0, out);
  auto rc = look_up(to.host, to.port, AI_ADDRCONFIG, out);
  if (std::vector<socket_address> all; rc == 0 && lacks_own_addresses(out) && look_up(to.host, to.port, 0, all) == 0)
    out = std::move(all);
  if (rc != 0)
    rc = look_up(to.host, to.port, 0, out);
  if (rc != 0 && to.host.ends_with('.'))
    rc = look_up(std::string{public_host(to.host)}, to.port, 0, out);
  return rc;
}

} // namespace

result<std::vector<socket_address>> resolve(const endpoint& to, bool literal) {
  std::vector<socket_address> out;
  auto rc = literal ? look_up(to.host, to.port, AI_NUMERICHOST, out) : look_up_name(to, out);
  if (rc == 0)
    return out;
  if (auto scoped = split_scope(to.host))
    return error{errc::unreachable, "this host has no network interface " + std::string{scoped->interface},
                 "see them with: ip link"};
  return error{errc::unreachable, "cannot resolve " + to.host + ": " + gai_strerror(rc), "check the name, or use an IP address"};
}

error listen_error(const std::string& what, const endpoint& at, int err) {
  auto e = system_error(what, err);
  auto port = std::to_string(at.port);
  if (err == EADDRINUSE && at.host == "::")
    e.hint = "another process listens there, or a listener at 0.0.0.0:" + port + ": [::]:" + port
             + " takes IPv4 as well, so it is enough alone";
  else if (err == EADDRINUSE && at.host == "0.0.0.0")
    e.hint = "another process listens there, or a listener at [::]:" + port + ", which takes IPv4 as well: it is enough alone";
  return e;
}

result<socket_address> literal_address(const std::string& what, const endpoint& at) {
  auto addresses = resolve(at, true);
  if (addresses)
    return addresses->front();
  if (!is_ip_literal(at.host))
    return error{errc::invalid_address, what + ": not a literal socket address", "for example 127.0.0.1:4000"};
  auto e = std::move(addresses).error();
  return error{errc::address_unavailable, what + ": " + e.cause, std::move(e.hint)};
}

namespace {

std::string listening(const endpoint& at) {
  return "cannot listen on " + to_string(at);
}

} // namespace

result<int> listen_tcp(const endpoint& at) {
  auto fd = reserve_tcp(at);
  if (!fd)
    return fd;
  auto ok = open_tcp(*fd, at);
  if (ok)
    return fd;
  ::close(*fd);
  return std::move(ok).error();
}

result<void> open_tcp(int fd, const endpoint& at) {
  if (::listen(fd, backlog) < 0)
    return listen_error(listening(at), at, errno);
  return {};
}

result<int> reserve_tcp(const endpoint& at) {
  auto what = listening(at);
  auto address = literal_address(what, at);
  if (!address)
    return std::move(address).error();
  const auto& a = *address;
  auto fd = ::socket(a.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return system_error(what, errno);
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd, a.raw(), a.size()) < 0)
    return close_and_report(fd, what, at);
  return fd;
}

bool listens_at(int fd, const endpoint& at) {
  auto wanted = resolve(at, true);
  sockaddr_storage is{};
  socklen_t n = sizeof(is);
  if (!wanted || ::getsockname(fd, reinterpret_cast<sockaddr*>(&is), &n) < 0)
    return false;
  auto here = endpoint_of(reinterpret_cast<const sockaddr*>(&is)), there = endpoint_of(wanted->front().raw());
  if (here && at.port == 0)
    here->port = 0;
  return here && there && to_string(*here) == to_string(*there);
}

void send_at_once(int fd, bool yes) {
  int on = yes ? 1 : 0;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void keep_alive(int fd) {
  int on = 1, idle_seconds = 60, seconds_between = 15, probes = 4;
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof(idle_seconds));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds_between, sizeof(seconds_between));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

void reset_at_close(int fd) {
  linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

std::chrono::milliseconds unacknowledged(int fd) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 || (info.tcpi_unacked == 0 && info.tcpi_probes == 0))
    return {};
  return std::chrono::milliseconds{info.tcpi_last_ack_recv};
}

std::string peer_text(int fd) {
  sockaddr_storage a{};
  socklen_t n = sizeof(a);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&a), &n) < 0)
    return {};
  if (a.ss_family != AF_UNIX)
    return text_of(a);
  ucred c{};
  socklen_t size = sizeof(c);
  ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &size);
  return "pid " + std::to_string(c.pid);
}

std::string local_text(int fd) {
  sockaddr_storage a{};
  socklen_t n = sizeof(a);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &n) < 0)
    return {};
  return text_of(a);
}

} // namespace ockam
