// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/tls/tls_context.hpp"
#include "transports/tls/tls_keys.hpp"

namespace ockam {

/// The files of a listener or a connection, from those of its keys that are for TLS.
inline tls_files read_tls(const option_values& keys) {
  return {keys.get<std::string>("certificate"), keys.get<std::string>("key"), keys.get<std::string>("ca")};
}

/// Whether they can be used; where TLS is not wanted there is nothing to say. Errors: those of `make`.
template <class Settings>
result<void> check_tls(const result<Settings>& s, result<tls_context> (*make)(const tls_files&)) {
  if (!s)
    return s.error();
  return s->tls ? outcome_of(make(*s->tls)) : result<void>{};
}

} // namespace ockam
