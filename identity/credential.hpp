// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/known_identities.hpp"
#include "identity/purpose_key.hpp"

#include <map>
#include <string>

namespace ockam::identities {

/// What an issuer says of a subject: names with values, both bytes, UTF-8 by convention.
using attributes = std::map<std::string, std::string>;

///     credential data = [subject: bstr(32) / null, latest change: bstr(32) / null, [schema: uint, {* bstr => bstr}],
///                        created at: uint, expires at: uint]
///
/// Keys of the map are in bytewise order.
struct credential_data {
  std::optional<identifier> subject;
  std::optional<change_hash> latest_change; ///< of the subject, as the issuer knew it; compared with nothing
  std::uint64_t schema = 0;
  attributes says;
  timestamp created_at = 0;
  timestamp expires_at = 0;
};

bytes encode(const credential_data& what);
/// Errors: those of `content_of`.
result<credential_data> decode_credential(bytes_view versioned_data);

/// A credential and the attestation of the key that signed it, as it is handed around: `[[bstr, signature], [bstr,
/// signature]]`. The history of the issuer is no part of it. A plain value of which nothing is known to be true.
struct credential {
  signed_data says;
  signed_data key;
};

void encode(encoder& out, const credential& c);
bytes encode(const credential& c);
std::optional<credential> read_credential(cbor::reader& in);
/// Errors: `malformed`.
result<credential> decode_credential_and_key(bytes_view in);

/// A key that signs credentials, with its attestation.
struct issuing_key {
  verifying_key key;
  signed_data attestation;
};
/// Makes one in the vault. Errors: those of the vault and of `attest`.
result<issuing_key> make_issuing_key(vault& keys, const identity& issuer, key_type type, timestamp now);

/// The schema that command line and authorities of the reference write.
inline constexpr std::uint64_t default_schema = 1;

/// Says `what` about `subject` for `lifetime` seconds, or as long as the key lasts. Errors: those of the vault;
/// `malformed`.
result<credential> issue(vault& keys, const issuing_key& by, const identity& subject, attributes what, timestamp now,
                         timestamp lifetime, std::uint64_t schema = default_schema);

/// A credential that was checked.
struct verified_credential {
  identifier issuer;
  identifier subject;
  std::uint64_t schema = 0;
  attributes says;
  timestamp expires_at = 0;
};

/// Checks a credential against the issuers whose word counts, whose histories are in `known`, and the subject that it
/// must be about if there is one. Errors: `not_authentic` with the reason, `malformed`, `unsupported`.
result<verified_credential> verify_credential(const credential& c, std::span<const identifier> issuers,
                                              known_identities& known, const identifier* subject, timestamp now);

/// When to get the next one: a minute for clocks that differ, and one to do it in, before it ends.
constexpr timestamp refresh_at(timestamp expires_at) noexcept {
  constexpr timestamp ahead = clock_drift + 60;
  return expires_at > ahead ? expires_at - ahead : 0;
}

} // namespace ockam::identities
