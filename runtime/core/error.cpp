// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/error.hpp"

#include <cerrno>
#include <cstring>

namespace ockam {

std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::ok: return "ok";
    case errc::invalid_argument: return "invalid-argument";
    case errc::invalid_route: return "invalid-route";
    case errc::invalid_address: return "invalid-address";
    case errc::invalid_config: return "invalid-config";
    case errc::not_found: return "not-found";
    case errc::already_exists: return "already-exists";
    case errc::unreachable: return "unreachable";
    case errc::timed_out: return "timed-out";
    case errc::io_failure: return "io-failure";
    case errc::address_in_use: return "address-in-use";
    case errc::permission_denied: return "permission-denied";
    case errc::closed: return "closed";
    case errc::limit_reached: return "limit-reached";
    case errc::not_authentic: return "not-authentic";
    case errc::not_authorized: return "not-authorized";
    case errc::corrupt_state: return "corrupt-state";
    case errc::address_unavailable: return "address-unavailable";
    case errc::malformed: return "malformed";
    case errc::too_large: return "too-large";
    case errc::unsupported: return "unsupported";
    case errc::undeliverable: return "undeliverable";
    case errc::service_failed: return "service-failed";
    case errc::internal: return "internal";
  }
  return "unknown";
}

std::string to_string(const error& e) {
  return e.hint.empty() ? e.cause : e.cause + " (" + e.hint + ")";
}

error system_error(std::string_view what, int err) {
  auto code = errc::io_failure;
  std::string hint;
  switch (err) {
    case EADDRINUSE:
      code = errc::address_in_use;
      hint = "another process listens there; port 0 lets the system choose";
      break;
    case EADDRNOTAVAIL:
    case ENODEV: // an interface that has gone
      code = errc::address_unavailable;
      hint = "see the addresses of this host with: ip address";
      break;
    case EACCES:
    case EPERM: code = errc::permission_denied; break;
    case ECONNREFUSED:
    case ENETUNREACH:
    case EHOSTUNREACH: code = errc::unreachable; break;
    case ETIMEDOUT: code = errc::timed_out; break;
    case EPIPE:
    case ECONNRESET: code = errc::closed; break;
    case EMFILE:
    case ENFILE:
      code = errc::limit_reached;
      hint = "the limit on open files is used up: raise it with ulimit -n";
      break;
    case ENOSPC:
    case EDQUOT: hint = "make room on that disk"; break;
    case EROFS:
      code = errc::permission_denied;
      hint = "that disk can only be read";
      break;
    case ENOTDIR: hint = "a file stands where a directory has to be: move it away"; break;
    default: break;
  }
  return {code, std::string{what} + ": " + std::strerror(err), std::move(hint)};
}

} // namespace ockam
