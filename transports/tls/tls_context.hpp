// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace ockam {

/// What TLS needs to know, from files. Socket thread only, once it is in use.
using tls_context = std::shared_ptr<ssl_ctx_st>;

/// Paths of PEM files.
struct tls_files {
  std::string certificate; ///< own certificate, and those that lead to a root
  std::string key;         ///< its private key
  std::string ca;          ///< whom to trust

  auto operator<=>(const tls_files&) const = default;
};

/// TLS 1.2 and later. A server has a certificate and a key; with `ca` it admits only clients that show a
/// certificate of it. Errors: `invalid_argument` (a file that is missing or cannot be used: which, why).
result<tls_context> make_tls_server(const tls_files& files);
/// A client trusts `ca`, or what the system trusts; certificate and key only for servers that ask.
result<tls_context> make_tls_client(const tls_files& files);

} // namespace ockam
