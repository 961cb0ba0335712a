// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/encoding.hpp"
#include "identity/vault.hpp"

namespace ockam::identities {

/// What is signed: a change of an identity, an attestation of a purpose key, a credential. One kind is never taken for
/// another, since the number is signed too.
enum class data_type : std::uint8_t { change = 1, attestation = 2, credential = 3 };

/// Versioned data, and a signature over it:
///
///     versioned data = [version: uint = 1, data type: uint, bstr]        signed over: SHA-256(versioned data)
///
/// The signature is over the hash, and ECDSA hashes that once more. `data` is kept as it was received and never encoded
/// anew: other bytes have another hash, even if they say the same. A plain value.
struct signed_data {
  bytes data; ///< the versioned data
  signature by;

  digest hash() const { return sha256(data); }
};

/// Versioned data of version 1.
bytes versioned(data_type type, bytes_view content);
/// What is within versioned data; the view points into `data`. Errors: `malformed`; `unsupported` for another version;
/// `malformed` for another type.
result<bytes_view> content_of(bytes_view data, data_type type);

/// Versioned data of `content`, signed by a key of the vault. Errors: those of the vault.
result<signed_data> sign(vault& keys, const verifying_key& by, data_type type, bytes_view content);
/// Errors: `not_authentic`.
result<void> verify(const signed_data& what, const verifying_key& by);

/// `[bstr, signature]`, as attestations and credentials have it.
void encode(encoder& out, const signed_data& what);
std::optional<signed_data> read_signed_data(cbor::reader& in);

} // namespace ockam::identities
