// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/vault.hpp"

#include <map>

namespace ockam::identities {

/// Private keys in memory, found by their public halves: what vaults of this process are made of. It does what a vault
/// does, without a lock and without anywhere to keep it. Movable. Thread: one at a time.
class key_ring {
 public:
  /// A vault of more keys than this is refused: what it is read from was not written by us.
  static constexpr std::size_t max_keys = 65'536;

  /// Takes a key that was made elsewhere. Errors: `invalid_argument`, `limit_reached`.
  result<verifying_key> add(key_type type, secret key);
  result<x25519_public> add_static(secret key);

  bool has(bytes_view public_key) const { return keys_.find(public_key) != keys_.end(); }
  /// Errors of these: `not_found`, and those of `sign` and `x25519`.
  result<signature> sign(const verifying_key& by, bytes_view message) const;
  result<secret> agree(const x25519_public& mine, const x25519_public& theirs) const;
  result<void> remove(bytes_view public_key);
  std::size_t size() const noexcept { return keys_.size(); }

  /// All keys as CBOR: `[* [kind, bstr(32)]]`, where kind is 0 Ed25519, 1 P-256, 2 X25519. Public halves are made anew
  /// when it is read. Errors of reading: `malformed`.
  secret encode() const;
  static result<key_ring> decode(bytes_view in);

 private:
  enum class kind : std::uint8_t { ed25519 = 0, p256 = 1, x25519 = 2 };
  struct entry {
    kind what;
    secret key;
  };
  struct less {
    using is_transparent = void;
    bool operator()(bytes_view a, bytes_view b) const noexcept;
  };

  result<const entry*> find(bytes_view public_key, kind what) const;
  result<void> insert(bytes_view public_key, kind what, secret key);

  std::map<bytes, entry, less> keys_;
};

} // namespace ockam::identities
