// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ockam {

/// An IP address and a port as the network has them: what datagrams come from and go to. A small value
/// that can be compared and hashed; an IPv4 address mapped into IPv6 is an IPv4 address here. Thread: any.
struct ip_endpoint {
  std::array<std::uint8_t, 16> ip{}; ///< network byte order; IPv4 in the first four bytes, the rest zero
  std::uint16_t port = 0;
  bool v6 = false;
  std::uint32_t scope = 0; ///< interface of a link-local IPv6 address; 0: none

  friend bool operator==(const ip_endpoint&, const ip_endpoint&) = default;
};

/// `1.2.3.4:5`, `[::1]:5`, `[fe80::1%eth0]:5`; an interface that is not there any more has its number.
std::string to_string(const ip_endpoint& e);

/// Reads what `to_string` writes; nothing when it is anything else (a host name, a missing or wrong port, an interface
/// that this host has not). An interface may be a number too.
std::optional<ip_endpoint> parse_ip_endpoint(std::string_view text);

/// One machine, as far as that can be told: an address of IPv4, a network of IPv6 (64 bits), of which a machine may use
/// any address. Without a port.
ip_endpoint host_of(ip_endpoint e) noexcept;

/// Seeded once for each process: sources are chosen by strangers, and must not be able to choose
/// collisions with them.
struct ip_endpoint_hash {
  std::size_t operator()(const ip_endpoint& e) const noexcept;
};

} // namespace ockam
