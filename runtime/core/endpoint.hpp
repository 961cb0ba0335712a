// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ockam {

/// Where to listen or to connect: a host (IPv4 or IPv6 literal without brackets, or a name) and a port. A link-local
/// IPv6 address names the interface that it is on: `fe80::1%eth0`.
struct endpoint {
  std::string host;
  std::uint16_t port = 0;

  friend bool operator==(const endpoint&, const endpoint&) = default;
};

/// `host:port`, an IPv6 literal in brackets.
std::string to_string(const endpoint& e);

/// Whether the host is an IPv4 or IPv6 literal, of a link-local one with its interface.
bool is_ip_literal(std::string_view host);

/// Whether it is the name of this host itself: `localhost`, and names below it (RFC 6761, section 6.3).
bool is_localhost(std::string_view host);

/// The host as others know it, in certificates and in HTTP: without the interface, which means something on this host
/// only (RFC 6874, section 1), and without the dot behind a complete name.
std::string_view public_host(std::string_view host);

/// Of `fe80::1%eth0`: what stands before and behind the `%`. Nothing when it is no link-local literal with an interface of
/// 1 to 15 characters `[A-Za-z0-9._-]`. Whether there is such an interface is another question.
struct scoped_host {
  std::string_view ip;
  std::string_view interface;
};
std::optional<scoped_host> split_scope(std::string_view host);

/// What `connect` takes: `N` or `:N` (127.0.0.1), `1.2.3.4:N`, `[::1]:N`, `name:N` with the name of at
/// most 253 ASCII characters in labels of 1 to 63 `[A-Za-z0-9_-]`, no `-` at either end, maybe a dot behind the last.
/// Errors: `invalid_address`, the cause says which rule.
result<endpoint> parse_endpoint(std::string_view text);

/// What `listen` takes: a literal socket address, `1.2.3.4:N` or `[::1]:N`. Port 0 asks the system
/// for one. Errors: `invalid_address`; the hint shows the form that was meant where that is clear
/// (`4107` → `127.0.0.1:4107`).
result<endpoint> parse_socket_address(std::string_view text);

} // namespace ockam
