// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/sockets.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

namespace ockam {

namespace {

constexpr int backlog = 4096; // the kernel caps it at somaxconn

std::string text_of(const sockaddr_storage& a) {
  char host[INET6_ADDRSTRLEN] = {};
  if (a.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(a);
    inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
    return std::string{host} + ":" + std::to_string(ntohs(in.sin_port));
  }
  if (a.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(a);
    inet_ntop(AF_INET6, &in.sin6_addr, host, sizeof(host));
    return "[" + std::string{host} + "]:" + std::to_string(ntohs(in.sin6_port));
  }
  return {};
}

error close_and_report(int fd, const std::string& what) {
  auto e = system_error(what, errno);
  ::close(fd);
  return e;
}

} // namespace

result<std::vector<socket_address>> resolve(const endpoint& to, bool literal) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (literal ? AI_NUMERICHOST : AI_ADDRCONFIG);
  addrinfo* list = nullptr;
  auto rc = getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &list);
  if (rc != 0)
    return error{errc::unreachable, "cannot resolve " + to.host + ": " + gai_strerror(rc), "check the name, or use an IP address"};
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> guard{list, &freeaddrinfo};
  std::vector<socket_address> out;
  for (auto* a = list; a; a = a->ai_next)
    out.emplace_back(a->ai_addr, a->ai_addrlen);
  return out;
}

result<int> listen_tcp(const endpoint& at) {
  auto what = "cannot listen on " + to_string(at);
  auto addresses = resolve(at, true);
  if (!addresses)
    return error{errc::invalid_address, what + ": not a literal socket address", "for example 127.0.0.1:4000"};
  const auto& a = addresses->front();
  auto fd = ::socket(a.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return system_error(what, errno);
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd, a.raw(), a.size()) < 0 || ::listen(fd, backlog) < 0)
    return close_and_report(fd, what);
  return fd;
}

void send_at_once(int fd) {
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
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
