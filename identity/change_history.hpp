// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/identifier.hpp"
#include "identity/signed_data.hpp"

namespace ockam::identities {

/// What one change of an identity says: from now on this is its key.
///
///     change data = [previous: bstr(32) / null, key, revokes: bool, valid from: uint, valid until: uint]
struct change_data {
  std::optional<change_hash> previous; ///< the change before; none: the first one
  verifying_key key;
  /// Carried, and read by nobody: every change makes what older keys have signed invalid, since an attestation names
  /// the latest change.
  bool revokes_purpose_keys = false;
  timestamp valid_from = 0;  ///< what the key signs may begin at this time
  timestamp valid_until = 0; ///< and must end by this time
};

bytes encode(const change_data& what);
/// Errors: those of `content_of`.
result<change_data> decode_change(bytes_view versioned_data);

/// A change with its signatures, both over the same hash: by the key that it brings, and by the one before.
///
///     change = [bstr, signature, ? signature]
struct change : signed_data {
  std::optional<signature> by_previous;
};

/// All changes of an identity, oldest first, as they are shown to others: `[+ change]`. Nothing about it is known to be
/// true; `verify` makes an `identity` of it. A plain value.
struct change_history {
  /// Changes that somebody may make us check, two signatures each: 30 ms. One a month for ten years.
  static constexpr std::size_t max_changes = 128;
  /// What one change says, without its signatures. It takes some 100 bytes; the rest is room for fields of later versions,
  /// which are kept as they were signed.
  static constexpr std::size_t max_change = 1u << 10;
  /// Of a whole history, encoded, so that who is kept takes no more than this. `max_changes` of today take half of it.
  static constexpr std::size_t max_size = 64u << 10;

  std::vector<change> changes;
};

void encode(encoder& out, const change_history& h);
bytes encode(const change_history& h);
std::optional<change_history> read_history(cbor::reader& in);
/// Errors: `malformed`, also over the bounds of `change_history`.
result<change_history> decode_history(bytes_view in);

} // namespace ockam::identities
