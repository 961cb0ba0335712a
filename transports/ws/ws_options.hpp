// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/ws_address.hpp"
#include "runtime/links/transport.hpp"
#include "transports/stream/stream_kind.hpp"
#include "transports/tls/tls_context.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ockam {

/// An address of a ws listener or connection and its options, understood.
struct ws_settings {
  ws_address at;
  std::optional<tls_files> tls = {}; ///< none without TLS
  std::vector<std::string> origins = {}; ///< listeners: web pages that may connect
  std::size_t max_header = 0;
  std::string cookie = {};               ///< connections
  decltype(stream_peer::connect) connect; ///< for connections: straight, or by way of a proxy
};

/// `certificate`, `key`, `ca`, `origins`, `max-header`. Errors: `invalid_address`, `invalid_argument`.
result<ws_settings> read_ws_listener(const std::string& address, const transport_options& options);
/// `certificate`, `key`, `ca`, `proxy`, `cookie`, `max-header`.
result<ws_settings> read_ws_connection(const std::string& address, const transport_options& options);

} // namespace ockam
