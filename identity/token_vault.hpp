// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/file_vault.hpp"
#include "identity/pkcs11_token.hpp"

namespace ockam::identities {

/// A vault whose signing keys, of P-256 alone, are in a token. Static keys of channels are not what tokens are made
/// for: they are in a file vault beside, `PATH.static`, sealed by the PIN, which is opened when one is needed. The file
/// of the vault says which token is meant:
///
///     ockamtok 1
///     /usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so
///     my token
///
/// Errors also: `unsupported` for keys of Ed25519. Thread: any, several at once.
class token_vault final : public vault {
 public:
  static constexpr std::string_view first_line = "ockamtok 1";
  static constexpr std::size_t max_file = 8192;

  /// Writes the file for a token that can be opened. Errors: those of `pkcs11_token` and of files.
  static result<void> make(const std::string& path, const std::string& module, const std::string& label,
                           const secret& pin);
  /// `pin` is null for none. Errors: those of `pkcs11_token` and of files; `malformed`; `permission_denied` without a
  /// PIN.
  static result<std::unique_ptr<token_vault>> open(const std::string& path, const secret* pin, scrypt_cost cost = {});
  /// The file of the other keys.
  static std::string static_file(const std::string& path) { return path + ".static"; }

  result<verifying_key> new_signing_key(key_type type) override;
  result<signature> sign(const verifying_key& by, bytes_view message) override;
  result<void> remove(const verifying_key& key) override;
  result<x25519_public> new_static_key() override;
  result<secret> agree(const x25519_public& mine, const x25519_public& theirs) override;
  result<void> remove(const x25519_public& key) override;

 private:
  token_vault(pkcs11_token t, std::string path, secret pin, scrypt_cost cost)
    : token_{std::move(t)}, path_{std::move(path)}, pin_{std::move(pin)}, cost_{cost} {}
  result<file_vault*> static_keys();

  std::mutex mutex_; ///< of the token, and while the other file is opened
  pkcs11_token token_;
  const std::string path_;
  const secret pin_;
  const scrypt_cost cost_;
  std::unique_ptr<file_vault> static_keys_;
};

/// Opens the vault that a file says it is, of whatever kind; one that is not there becomes an empty file vault. Errors:
/// those of both.
result<std::unique_ptr<vault>> open_vault_file(const std::string& path, const secret* passphrase);
/// Whether that file opens with a passphrase, or a PIN, alone. False where it cannot be read.
bool needs_passphrase(const std::string& path);

} // namespace ockam::identities
