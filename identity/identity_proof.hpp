// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/credential.hpp"

#include <string>

namespace ockam::identities {

/// What each end of a handshake says of itself, the payload of m2 and m3 and, without the attestation, of what
/// refreshes credentials later:
///
///     proof = [change history, attestation of the static key, [* [credential, its key]], ? features: uint]
///
/// The third element is always there. The fourth is of this implementation: the reference skips elements that it does not
/// know, and never sends it. A plain value of which nothing is known to be true.
struct identity_proof {
  /// Credentials that somebody may make us check. The reference sends one at most.
  static constexpr std::size_t max_credentials = 8;

  change_history history;
  signed_data attestation;
  std::vector<credential> credentials;
  std::uint64_t features = 0; ///< bits; 0: none, and the element is not there
};

/// Takes a message without an onward route for a ping, and answers it (channels/channel.hpp).
inline constexpr std::uint64_t feature_pings = 1;

bytes encode(const identity_proof& proof);
/// Errors: `malformed`, also for more than `max_credentials`.
result<identity_proof> decode_proof(bytes_view in);

void encode_credentials(encoder& out, std::span<const credential> all);
std::optional<std::vector<credential>> read_credentials(cbor::reader& in);

/// What a node asks of who wants a channel with it.
struct requirements {
  /// Who may have one; none: everybody who proves to be somebody.
  std::optional<std::vector<identifier>> authorized;
  /// Whose credentials count; none: they are not looked at.
  std::vector<identifier> issuers;

  bool admits(const identifier& who) const;
};

/// Who the other end has proved to be.
struct peer {
  identity who;
  std::vector<verified_credential> credentials;
  std::uint64_t features = 0;
  /// Why credentials that were shown do not count, one line each. They do not end a handshake.
  std::vector<std::string> refused_credentials;
};

/// Checks what the other end says of itself, whose static key is `remote_static`. In this order: its history, the
/// attestation of that very key, whether it may have a channel, what is known of it (`known` learns from it, so that
/// only who has proved to be somebody is kept), its credentials. Errors: `not_authentic`, `not_authorized` and others with the
/// reason, for the operator only.
result<peer> verify_proof(identity_proof proof, const x25519_public& remote_static, const requirements& wanted,
                          known_identities& known, timestamp now);

/// Checks what somebody shows of themselves later, in a channel: the history is that of the same identity and not
/// older, and the credentials are about it. The result takes the place of the peer. Errors: as above.
result<peer> verify_refresh(const identifier& who, change_history history, std::span<const credential> credentials,
                            const requirements& wanted, known_identities& known, timestamp now);

} // namespace ockam::identities
