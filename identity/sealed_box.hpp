// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/random.hpp"
#include "identity/secret.hpp"

#include <optional>

namespace ockam::identities {

/// How long a passphrase takes to try. With these 0.4 s and 128 MiB for each guess (N = 2^17, r = 8, p = 1).
struct scrypt_cost {
  std::uint8_t log2_n = 17;
  std::uint8_t r = 8;
  std::uint8_t p = 1;
};

/// Bytes sealed under a passphrase (scrypt, RFC 7914, and AES-256-GCM), or left as they are, with a header that says
/// which:
///
///     0   8  "ockamvlt"                    plain:   10  …   the bytes
///     8   1  version, 1                    sealed:  10  3   log2 N, r, p
///     9   1  0 plain, 1 sealed                      13  16  salt of scrypt
///                                                   29  16  fresh, drawn each time it is sealed
///                                                   45  …   the bytes, sealed ‖ tag (16)
///
///     key of scrypt = scrypt(passphrase, salt, N, r, p)        key = first of HKDF2(fresh, key of scrypt)
///
/// with nonce 0 and the header as associated data. So scrypt runs once each time a vault is opened, and no key seals
/// twice: a counter in the file would be used again when somebody restores a backup. Thread: one at a time.
class sealed_box {
 public:
  static constexpr std::size_t salt_size = 16;
  static constexpr std::size_t plain_header = 10;
  static constexpr std::size_t sealed_header = 45;

  /// One that leaves bytes as they are.
  sealed_box() = default;
  /// One with a new salt. Errors: those of `random`; `invalid_argument` for an empty passphrase or a cost out of
  /// bounds.
  static result<sealed_box> make(const secret& passphrase, random_source& random, scrypt_cost cost = {});
  /// The one that `in` was sealed by, and what was in it. `passphrase` is null when there is none. Errors: `malformed`,
  /// `unsupported` (version, cost), `permission_denied` when the passphrase is wrong or missing or the bytes were
  /// altered, `invalid_argument` for a passphrase where none is needed.
  static result<std::pair<sealed_box, secret>> open(bytes_view in, const secret* passphrase);
  /// Whether `in` was sealed with a passphrase. False for what is no box.
  static bool is_sealed(bytes_view in);
  /// Opens what this box, or a copy of it in another process, has sealed. Errors as above.
  result<secret> reopen(bytes_view in) const;

  /// Errors: those of `random`.
  result<secret> seal(bytes_view content, random_source& random) const;

 private:
  using salt = std::array<std::byte, salt_size>;
  result<void> derive(const secret& passphrase);

  scrypt_cost cost_;
  salt salt_{};
  std::optional<secret> key_; ///< of scrypt; none: plain
};

} // namespace ockam::identities
