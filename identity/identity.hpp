// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/change_history.hpp"

namespace ockam::identities {

/// A change history that was verified: each change signed by its key and by the one before. So there is no `identity`
/// that was not checked. It has no private key; those are in a vault. A plain value.
class identity {
 public:
  struct verified_change {
    change_hash hash;
    change_data data;
  };

  /// Checks a history, with the identifier that it must have if there is one. Errors: `not_authentic` for what does
  /// not hold, `malformed`, `unsupported`; the cause says which change. Whether the latest key is still valid is no
  /// part of it: that bounds what the key signs (`purpose_key.hpp`).
  static result<identity> verify(change_history history, const identifier* expected = nullptr);
  /// The same of encoded bytes, as `exported` gives them.
  static result<identity> import(bytes_view encoded, const identifier* expected = nullptr);

  const identifier& id() const noexcept { return id_; }
  const std::vector<verified_change>& changes() const noexcept { return changes_; }
  const verified_change& latest() const noexcept { return changes_.back(); }
  /// What is shown to others.
  const change_history& history() const noexcept { return history_; }
  bytes exported() const { return encode(history_); }

 private:
  identity() = default;

  identifier id_;
  change_history history_;
  std::vector<verified_change> changes_;
};

/// How long a key is valid unless somebody says otherwise: ten years.
inline constexpr timestamp default_key_lifetime = 10ull * 365 * 86'400;

/// A new identity with a new key of the vault, valid from `now`. Errors: those of the vault.
result<identity> create_identity(vault& keys, key_type type, timestamp now, timestamp lifetime = default_key_lifetime);

/// The identity with a new key of the vault in place of the latest. Keep the outcome before anything else: who has seen
/// it takes no older one any more. Then remove the key before (`changes()[n - 2].data.key`) from the vault, and make
/// new purpose keys, since those of the old key are worth nothing from then on. Errors: those of the vault;
/// `limit_reached`.
result<identity> rotate(vault& keys, const identity& who, key_type type, timestamp now,
                        timestamp lifetime = default_key_lifetime, bool revokes_purpose_keys = false);

/// What somebody shows now, beside what is known of them.
enum class comparison {
  same,
  newer,    ///< begins with all that is known, and goes on
  older,    ///< stops before what is known does: a copy of it, or of its keys, that was replaced
  conflict, ///< goes on otherwise: two holders of one key, or somebody else altogether
};
comparison compare(const identity& known, const identity& shown);

} // namespace ockam::identities
