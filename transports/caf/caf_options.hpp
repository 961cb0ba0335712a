// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/endpoint.hpp"
#include "transports/stream/stream_kind.hpp"
#include "transports/tls/tls_context.hpp"

#include <optional>
#include <string>

namespace ockam {

/// An address of a caf listener or connection and its options, understood.
struct caf_settings {
  endpoint at;
  std::optional<tls_files> tls = {}; ///< none without TLS
  decltype(stream_peer::connect) connect = {}; ///< for connections: straight, or by way of a proxy
};

/// `certificate`, `key`, `ca`, `insecure`. Errors: `invalid_address`, `invalid_argument`, `permission_denied` (it could
/// be reached from other hosts, and would authenticate nobody).
result<caf_settings> read_caf_listener(const std::string& address, const transport_options& options);
/// `certificate`, `key`, `ca`, `proxy`.
result<caf_settings> read_caf_connection(const std::string& address, const transport_options& options);

} // namespace ockam
