// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/transport.hpp"
#include "transports/tls/tls_context.hpp"

#include <array>
#include <string>
#include <string_view>

namespace ockam {

/// The keys of a listener or a connection that are for TLS, each a path of a PEM file.
inline constexpr std::array<std::string_view, 3> tls_keys{"certificate", "key", "ca"};

inline std::string option_or_empty(const transport_options& options, std::string_view key) {
  auto it = options.find(std::string{key});
  return it == options.end() ? std::string{} : it->second;
}

inline tls_files tls_files_of(const transport_options& options) {
  return {option_or_empty(options, "certificate"), option_or_empty(options, "key"), option_or_empty(options, "ca")};
}

/// The context of a listener or a connection; null where TLS is not wanted. Errors: those of `make`.
inline result<tls_context> read_tls(bool wanted, const transport_options& options, result<tls_context> (*make)(const tls_files&)) {
  return wanted ? make(tls_files_of(options)) : result<tls_context>{nullptr};
}

} // namespace ockam
