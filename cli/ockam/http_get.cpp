// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/http_get.hpp"

#include "cli/state/descriptor.hpp"
#include "operation/http_keys.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/endpoint.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace ockam::cli {

namespace {

constexpr std::size_t most = 64u << 20;

void bound_by(int fd, std::chrono::milliseconds d) {
  timeval limit{d.count() / 1000, d.count() % 1000 * 1000};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

error no_way(const std::string& address, int err) {
  auto e = system_error("cannot connect to " + printable(address), err);
  e.code = errc::unreachable;
  return e;
}

result<state::descriptor> dial_unix(const std::string& path, std::chrono::milliseconds within) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.size() >= sizeof(to.sun_path))
    return no_way(path, ENAMETOOLONG);
  std::memcpy(to.sun_path, path.c_str(), path.size() + 1);
  state::descriptor fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  bound_by(fd.get(), within);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0)
    return no_way(path, errno);
  return fd;
}

/// What to dial for an address that a node listens at: any address of this host is its loopback address as well.
result<endpoint> reachable(const std::string& address) {
  auto at = parse_endpoint(address);
  if (at && (at->host == "0.0.0.0" || at->host == "::"))
    at->host = at->host == "::" ? "::1" : "127.0.0.1";
  return at;
}

bool is_here(const std::string& address) {
  auto at = address.starts_with('/') ? result<endpoint>{error{}} : reachable(address);
  return address.starts_with('/') || (at && operation::is_loopback(at->host));
}

result<state::descriptor> dial(const std::string& address, std::chrono::milliseconds within) {
  if (address.starts_with('/'))
    return dial_unix(address, within);
  auto at = reachable(address);
  if (!at)
    return std::move(at).error();
  addrinfo hints{}, *list = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  if (::getaddrinfo(at->host.c_str(), std::to_string(at->port).c_str(), &hints, &list) != 0)
    return no_way(address, EADDRNOTAVAIL);
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned{list, &::freeaddrinfo};
  state::descriptor fd{::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  bound_by(fd.get(), within);
  if (::connect(fd.get(), list->ai_addr, list->ai_addrlen) != 0)
    return no_way(address, errno);
  return fd;
}

} // namespace

result<std::string> http_get(const std::string& address, const std::string& path, const std::string& token, std::chrono::milliseconds within) {
  if (!token.empty() && !is_here(address))
    return error{errc::unsupported, "a token is needed at " + printable(address) + ", and is not sent there without encryption", "ask with a program that speaks TLS, or from a loopback address"};
  auto fd = dial(address, within);
  if (!fd)
    return std::move(fd).error();
  auto by = std::chrono::steady_clock::now() + within;
  auto request = "GET " + path + " HTTP/1.0\r\nHost: localhost\r\n" + (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n") + "\r\n";
  if (::send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return no_way(address, errno);
  std::string answer;
  std::array<char, 65536> chunk;
  for (ssize_t n = 0; (n = ::recv(fd->get(), chunk.data(), chunk.size(), 0)) != 0 && answer.size() < most;) {
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 || std::chrono::steady_clock::now() > by)
      return error{errc::timed_out, printable(address) + " does not answer", {}};
    answer.append(chunk.data(), static_cast<std::size_t>(n));
  }
  auto body = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || body == std::string::npos || answer.substr(8, 5) != " 200 ")
    return error{errc::io_failure, printable(address) + path + " answered: " + printable(answer.substr(0, std::min<std::size_t>(answer.find('\r'), 80))), {}};
  return answer.substr(body + 4);
}

} // namespace ockam::cli
