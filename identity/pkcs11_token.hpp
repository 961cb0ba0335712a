// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/signatures.hpp"

#include <memory>
#include <string>

namespace ockam::identities {

/// A token (smart card, HSM) that a PKCS#11 module speaks to: P-256 keys that are made in it, sign in it, cannot be
/// read out of it. A key is found by its public half: `CKA_ID` of both objects is SHA-256 of the point.
///
/// PKCS#11 itself, since Debian's libp11 (0.4.12) cannot make keys of elliptic curves in a token. Errors of all:
/// `permission_denied` for a wrong PIN (never tried twice: tokens lock themselves), `not_found` for a module, token or
/// key that is not there, `io_failure` with the number of the module's error. Calls block. Thread: one at a time.
class pkcs11_token {
 public:
  /// `module` is the path of a shared library, which is loaded and stays; `pin` is kept, for a token that is taken out
  /// and put back.
  static result<pkcs11_token> open(const std::string& module, const std::string& label, const secret& pin);

  pkcs11_token(pkcs11_token&&) noexcept;
  pkcs11_token& operator=(pkcs11_token&&) noexcept;
  ~pkcs11_token();

  result<verifying_key> new_key();
  result<signature> sign(const verifying_key& by, bytes_view message);
  result<void> remove(const verifying_key& key);

 private:
  struct session;
  explicit pkcs11_token(std::unique_ptr<session> s);
  /// Does it, once more in a new session if the one that is open has ended.
  template <class F>
  auto in_session(F&& f) -> decltype(f(std::declval<session&>()));

  std::unique_ptr<session> session_;
};

} // namespace ockam::identities
