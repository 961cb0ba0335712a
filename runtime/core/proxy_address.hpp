// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/endpoint.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ockam {

/// A host that connects to others for this one. Thread: any.
struct proxy_address {
  enum class protocol { http, socks5 };
  protocol speaks = protocol::http; ///< http: by the method CONNECT (RFC 9110, section 9.3.6); SOCKS: RFC 1928, 1929
  endpoint at;
  std::string user;     ///< empty: it knows whoever asks
  std::string password; ///< never to be printed

  friend bool operator==(const proxy_address&, const proxy_address&) = default;
};

/// `http://host:port`, without user and password: for people.
std::string to_string(const proxy_address& p);

/// Reads `http://[USER:PASSWORD@]HOST[:PORT]` or `socks5://…`, where `%40` in the user or password stands for `@`; the port
/// is 80 or 1080 if not given. The proxy looks names up, for SOCKS as well (`socks5h://` says the same).
/// Error: `invalid_argument`, which repeats nothing of the text, since that may be a secret.
result<proxy_address> parse_proxy(std::string_view text);

/// What the key `proxy` of a connection says: `none`, `environment`, or what `parse_proxy` reads. Error: as there.
result<void> check_proxy(const std::string& text);

/// Reads an environment variable; null when it is not there.
using environment_reader = const char* (*)(const char* name);

/// The proxy to `to` as programs have it from their environment: of `https_proxy` or `all_proxy`, in small letters or
/// capitals, the first that is there; none where `no_proxy` names the host: a list with commas of names (with all
/// below them), IP addresses, networks (`10.0.0.0/8`), each maybe with a port; `*` stands for all.
/// Error: as `parse_proxy`, with the variable.
result<std::optional<proxy_address>> proxy_of_environment(const endpoint& to, environment_reader read);

} // namespace ockam
