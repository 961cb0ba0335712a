// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/identity.hpp"

#include <variant>

namespace ockam::identities {

/// A key for a purpose: the static key of channels (X25519), or one that signs credentials. The identity's own key
/// signs nothing else than what says whose these are, so it may be kept further away.
using purpose_public_key = std::variant<x25519_public, verifying_key>;

/// What an attestation says: this key is `subject`'s.
///
///     attestation data = [subject: bstr(32), latest change: bstr(32), purpose key, created at: uint, expires at: uint]
///     purpose key = [0, [bstr(32)]]   X25519, for channels
///                 / [1, [key]]        for credentials
struct attestation_data {
  identifier subject;
  change_hash latest_change; ///< of `subject` when it was signed: a later change makes it invalid
  purpose_public_key key;
  timestamp created_at = 0;
  timestamp expires_at = 0;
};

bytes encode(const attestation_data& what);
/// Errors: those of `content_of`.
result<attestation_data> decode_attestation(bytes_view versioned_data);

/// How long a purpose key is valid unless somebody says otherwise: five years.
inline constexpr timestamp default_purpose_lifetime = 5ull * 365 * 86'400;

/// Says that `key` is `who`'s, by its latest key in the vault: for `lifetime`, or until that key ends. Errors: those of
/// the vault; `invalid_argument` when that key is not valid now.
result<signed_data> attest(vault& keys, const identity& who, const purpose_public_key& key, timestamp now,
                           timestamp lifetime = default_purpose_lifetime);

/// Checks an attestation of `who`, whose history is the newest that is known. Errors: `not_authentic` with the
/// reason (another subject, another change, not within the validity of the key, expired, from the future, a wrong
/// signature), `malformed`, `unsupported`.
result<attestation_data> verify_attestation(const signed_data& attestation, const identity& who, timestamp now);

} // namespace ockam::identities
