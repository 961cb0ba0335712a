// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/endpoint.hpp"
#include "runtime/core/error.hpp"

#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <vector>

/// What the operating system offers, as plain functions: no CAF, no state. Thread: any.
namespace ockam {

/// A resolved address.
class socket_address {
 public:
  socket_address(const sockaddr* a, socklen_t n) noexcept : size_{n} { std::memcpy(&storage_, a, n); }
  const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept { return size_; }
  int family() const noexcept { return storage_.ss_family; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_;
};

/// The addresses of a host, in the system's order of preference. Blocks unless `literal`.
/// Error: `unreachable`, also of a literal with an interface that is not there.
result<std::vector<socket_address>> resolve(const endpoint& to, bool literal);
/// Of a literal address to listen at; `what` begins the error. Errors: `address_unavailable`, `invalid_address`.
result<socket_address> literal_address(const std::string& what, const endpoint& at);
/// From `errno` after `bind` or `listen`: of two wildcard addresses the one takes the other's place.
error listen_error(const std::string& what, const endpoint& at, int err);

/// A non-blocking listening socket. `[::]` takes IPv4 as well. Errors: `address_in_use`, `address_unavailable`,
/// `permission_denied`, `io_failure`.
result<int> listen_tcp(const endpoint& at);
/// The same in two steps: a socket that has the port, and that accepts from `open_tcp` on. Errors: as above.
result<int> reserve_tcp(const endpoint& at);
result<void> open_tcp(int fd, const endpoint& at);

/// Whether a socket is bound to this literal address, where port 0 stands for any.
bool listens_at(int fd, const endpoint& at);

/// Has what is written leave at once (TCP_NODELAY). No effect on a Unix socket.
void send_at_once(int fd, bool yes = true);
/// Has the system ask the other one whether it is there after a minute of silence, then every 15 s; after four questions
/// without an answer the connection has timed out. No effect on a Unix socket.
void keep_alive(int fd);
/// The other system gets a reset when the socket is closed (SO_LINGER of zero).
void reset_at_close(int fd);

/// How long the other system has not acknowledged what was sent to it; zero when nothing is open or the
/// socket is not TCP. A peer whose window is full answers probes, so a slow process is not a dead one:
/// TCP_USER_TIMEOUT cannot tell them apart (Linux ends both after the same time).
std::chrono::milliseconds unacknowledged(int fd);

/// `host:port` of the other or this end; `pid N` and the path for Unix sockets.
std::string peer_text(int fd);
std::string local_text(int fd);

} // namespace ockam
