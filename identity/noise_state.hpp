// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/aead.hpp"
#include "identity/digest.hpp"

#include <optional>
#include <string_view>

namespace ockam::identities {

/// The symmetric state of the Noise protocol framework (revision 34, 5.2) with SHA-256 and AES-256-GCM: what both ends
/// of a handshake have in common at each point of it.
///
///     h    hash of all that was sent            mix_hash(x)  h = SHA-256(h ‖ x)
///     ck   what all keys come from              mix_key(x)   ck, k = HKDF2(ck, x); n = 0
///     k, n the key and its next nonce           encrypt      seal under k, n++, with h as associated data;
///     mix_hash(sealed)
///
/// Movable; `copy` is explicit, since it doubles secrets. Thread: one at a time.
class noise_state {
 public:
  /// `protocol` is at most 32 bytes, filled up with zeros; h is its hash after an empty prologue.
  explicit noise_state(std::string_view protocol);
  noise_state copy() const;

  void mix_hash(bytes_view data) { h_ = sha256(h_, data); }
  void mix_key(const secret& shared);
  /// `mix_key` has been called. Appends the ciphertext and its tag.
  void encrypt(bytes_view text, bytes& out);
  /// What was sealed, or nothing when it is not by who has the same state; the state is then to be thrown away.
  std::optional<bytes> decrypt(bytes_view sealed);
  /// The two keys at the end, in the order in which HKDF gives them.
  std::pair<secret, secret> split() const { return hkdf2(ck_.bytes(), {}); }

  const digest& h() const noexcept { return h_; }
  const secret& ck() const noexcept { return ck_; }
  /// Null before the first `mix_key`.
  const secret* k() const noexcept { return k_ ? &k_->key() : nullptr; }

 private:
  noise_state() = default;

  digest h_{};
  secret ck_;
  std::optional<aead_key> k_;
  std::uint64_t n_ = 0;
};

} // namespace ockam::identities
