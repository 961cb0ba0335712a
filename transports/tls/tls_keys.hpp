// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/section.hpp"

namespace ockam {

/// The keys of a listener that are for TLS.
inline constexpr std::array<key_descriptor, 3> tls_listener_keys{{
  {.name = "certificate", .type = key_type::path, .about = "PEM file of its certificate, and of those that lead to a root"},
  {.name = "key", .type = key_type::path, .about = "PEM file of the certificate's private key"},
  {.name = "ca", .type = key_type::path, .about = "PEM file: only clients with a certificate of one of these are let in"},
}};

/// Those of a connection.
inline constexpr std::array<key_descriptor, 3> tls_connection_keys{{
  {.name = "certificate", .type = key_type::path, .about = "PEM file of its certificate, for listeners that ask for one"},
  {.name = "key", .type = key_type::path, .about = "PEM file of the certificate's private key"},
  {.name = "ca", .type = key_type::path, .about = "PEM file of whom to trust; what the system trusts if not given"},
}};

} // namespace ockam
