// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/address.hpp"
#include "runtime/core/endpoint.hpp"
#include "runtime/core/section.hpp"
#include "runtime/links/listen_address.hpp"
#include "transports/tls/tls_keys.hpp"

#include <array>
#include <string>
#include <string_view>

/// The section `[http]`, as data: without the library, for whoever reads configurations.
namespace ockam::operation {

/// Whether only programs of this host reach it: 127.0.0.0/8, `::1`.
inline bool is_loopback(std::string_view host) {
  return host == "::1" || (host.starts_with("127.") && is_ip_literal(host));
}

/// A Unix socket has the rights of its file.
inline bool needs_token(const std::string& address) {
  auto at = address.starts_with('/') ? result<endpoint>{error{}} : parse_socket_address(address);
  return at && !is_loopback(at->host);
}

inline error token_missing(const std::string& address) {
  return {errc::invalid_config, "[http] at " + printable(address) + " can be asked by other hosts, and needs a token-file or a ca of client certificates", "or listen at 127.0.0.1"};
}

inline result<void> check_http_address(const std::string& text) {
  if (text.starts_with('/'))
    return {};
  return outcome_of(parse_socket_address(text));
}

inline constexpr std::string_view http_kind = "http";

inline constexpr std::array<key_descriptor, 3> http_own_keys{{
  {.name = "address", .about = "where metrics, health and the page of the node are", .value = "HOST:PORT|/PATH", .example = "127.0.0.1:9100",
   .required = true, .check = &check_http_address},
  {.name = "token-file", .type = key_type::path,
   .about = "file with a token that requests have to bring, as bearer token or password; needed for what is not this host's own address, unless there is a ca"},
  retry_key,
}};
inline constexpr auto http_keys = joined_keys(http_own_keys, tls_listener_keys);

} // namespace ockam::operation
