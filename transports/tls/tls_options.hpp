// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/tls/tls_context.hpp"
#include "transports/tls/tls_keys.hpp"

#include <string>

namespace ockam {

/// The context of a listener or a connection, from those of its keys that are for TLS; null where TLS is not wanted.
/// Errors: those of `make`.
inline result<tls_context> read_tls(bool wanted, const option_values& keys, result<tls_context> (*make)(const tls_files&)) {
  if (!wanted)
    return tls_context{};
  return make({keys.get<std::string>("certificate"), keys.get<std::string>("key"), keys.get<std::string>("ca")});
}

} // namespace ockam
