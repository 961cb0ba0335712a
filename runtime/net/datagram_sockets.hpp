// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/endpoint.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/ip_endpoint.hpp"
#include "runtime/net/datagrams.hpp"

#include <netinet/in.h>
#include <optional>
#include <span>
#include <sys/socket.h>
#include <vector>

/// UDP sockets of the operating system, as plain functions: no CAF, no state. Thread: any.
namespace ockam {

/// Nothing for families other than IPv4 and IPv6.
std::optional<ip_endpoint> endpoint_of(const sockaddr* a) noexcept;
/// Fills `out` for a socket of this family and returns its size; 0 when the socket cannot reach it (an
/// IPv6 address from an IPv4 socket). An IPv4 address is mapped for an IPv6 socket.
socklen_t to_sockaddr(const ip_endpoint& e, int family, sockaddr_storage& out) noexcept;

/// A non-blocking socket at a literal address. Errors: `address_in_use`, `address_unavailable`, `permission_denied`,
/// `io_failure`.
result<int> bind_udp(const endpoint& at);
/// A non-blocking socket with a fixed peer: the system drops what others send to it. Errors: those of
/// connect(2), with nothing sent yet.
result<int> connect_udp(const ip_endpoint& peer);

/// The IP addresses of this machine, as its interfaces have them; ports are 0. Empty when the system does not say.
std::vector<ip_endpoint> local_addresses();

/// Has a socket that is bound to all addresses of this host say with each datagram to which of them it came.
void tell_who_was_asked(int fd, int family) noexcept;
/// Room for what is said about a datagram, one way or the other.
inline constexpr std::size_t packet_info_room = CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(in6_pktinfo));
/// What it said with this one; nothing when it went to many hosts.
std::optional<ip_endpoint> who_was_asked(msghdr& h) noexcept;
/// Has a datagram come from this address of this host: appends to `msg_control`, which has room for it.
void come_from(const ip_endpoint& from, int family, msghdr& h) noexcept;

/// Whether the system takes several datagrams in one piece and cuts it up itself (UDP_SEGMENT, Linux 4.18).
bool can_cut(int fd) noexcept;
/// How many of the first datagrams can go as such a piece: they have one peer, one source and the size of the first; the
/// last one may be shorter. At least 1; `out` is not empty.
std::size_t equal_datagrams(std::span<const net::datagrams::outbound> out) noexcept;
/// Bytes of a datagram.
inline std::size_t size_of(const net::datagrams::outbound& d) noexcept {
  return d.parts[0].iov_len + d.parts[1].iov_len;
}

} // namespace ockam
