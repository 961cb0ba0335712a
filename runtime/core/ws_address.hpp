// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/endpoint.hpp"

#include <string>
#include <string_view>

namespace ockam {

/// A WebSocket address: `ws://host:port/path`, `wss://…` with TLS.
struct ws_address {
  endpoint at;
  std::string target = "/"; ///< path and query of the upgrade request
  bool tls = false;

  friend bool operator==(const ws_address&, const ws_address&) = default;
};

/// `ws://host:port`, and the path where it is not `/`.
std::string to_string(const ws_address& a);

/// What `connect` takes: `ws://HOST[:PORT][/PATH]`, `wss://…`, or what `parse_endpoint` takes, which is then
/// ws. The port is 80 or 443 if not given. In a URL the `%` before an interface is `%25` (RFC 6874); a bare one is
/// understood. Errors: `invalid_address`.
result<ws_address> parse_ws_address(std::string_view text);

/// What `listen` takes: the same with a literal socket address. A path other than `/` is the only one that
/// is served. Errors: `invalid_address`.
result<ws_address> parse_ws_listen_address(std::string_view text);

/// Whether a text can stand in a line of an HTTP head: printable ASCII. Error: `invalid_argument`, which does not repeat it.
result<void> check_http_value(const std::string& text);

} // namespace ockam
