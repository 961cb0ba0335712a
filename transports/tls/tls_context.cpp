// SPDX-License-Identifier: Apache-2.0
#include "transports/tls/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <system_error>

namespace ockam {

namespace {

/// The first reason that OpenSSL gave, and the queue is empty. Of what the system refused OpenSSL says only "system lib":
/// then the system's words.
std::string take_reason() {
  std::string reason;
  while (auto code = ERR_get_error()) {
    if (!reason.empty())
      continue;
    if (ERR_SYSTEM_ERROR(code))
      reason = std::generic_category().message(ERR_GET_REASON(code));
    else if (auto* text = ERR_reason_error_string(code))
      reason = text;
  }
  return reason.empty() ? "unknown reason" : reason;
}

error unusable(const std::string& key, const std::string& path) {
  return {errc::invalid_argument, key + ": cannot use " + path + ": " + take_reason(), "a readable file in PEM format is needed"};
}

result<void> load_own(SSL_CTX* c, const tls_files& files) {
  if (SSL_CTX_use_certificate_chain_file(c, files.certificate.c_str()) != 1)
    return unusable("certificate", files.certificate);
  if (SSL_CTX_use_PrivateKey_file(c, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return unusable("key", files.key);
  if (SSL_CTX_check_private_key(c) != 1)
    return error{errc::invalid_argument, "key: " + files.key + " does not belong to " + files.certificate + ": " + take_reason(), {}};
  return {};
}

tls_context make(const SSL_METHOD* method) {
  ERR_clear_error();
  tls_context c{SSL_CTX_new(method), &SSL_CTX_free};
  if (!c)
    return c;
  SSL_CTX_set_min_proto_version(c.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(c.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // A write is repeated with what the owner has then, whose beginning is the same; buffers of idle
  // connections are given back (34 KiB each).
  SSL_CTX_set_mode(c.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(c.get(), 1);
  return c;
}

error no_context() {
  return {errc::internal, "TLS is not available: " + take_reason(), {}};
}

} // namespace

result<tls_context> make_tls_server(const tls_files& files) {
  if (files.certificate.empty() || files.key.empty())
    return error{errc::invalid_argument, "wss needs the keys certificate and key", "PEM files, for example certificate = /etc/ockam/cert.pem"};
  auto c = make(TLS_server_method());
  if (!c)
    return no_context();
  if (auto ok = load_own(c.get(), files); !ok)
    return std::move(ok).error();
  if (!files.ca.empty()) {
    if (SSL_CTX_load_verify_file(c.get(), files.ca.c_str()) != 1)
      return unusable("ca", files.ca);
    SSL_CTX_set_client_CA_list(c.get(), SSL_load_client_CA_file(files.ca.c_str()));
    SSL_CTX_set_verify(c.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // Sessions of a server that asks for certificates need a name.
    static constexpr unsigned char name[] = "ockam";
    SSL_CTX_set_session_id_context(c.get(), name, sizeof(name) - 1);
  }
  return c;
}

result<tls_context> make_tls_client(const tls_files& files) {
  if (files.certificate.empty() != files.key.empty())
    return error{errc::invalid_argument, "the keys certificate and key belong together", {}};
  auto c = make(TLS_client_method());
  if (!c)
    return no_context();
  if (!files.certificate.empty())
    if (auto ok = load_own(c.get(), files); !ok)
      return std::move(ok).error();
  if (files.ca.empty() ? SSL_CTX_set_default_verify_paths(c.get()) != 1 : SSL_CTX_load_verify_file(c.get(), files.ca.c_str()) != 1)
    return unusable("ca", files.ca.empty() ? "the certificates of the system" : files.ca);
  SSL_CTX_set_verify(c.get(), SSL_VERIFY_PEER, nullptr);
  return c;
}

} // namespace ockam
