// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/signatures.hpp"
#include "identity/x25519.hpp"

namespace ockam::identities {

/// Where the long-lived private keys are: those of identities, of credentials, and the static keys of channels. They
/// never leave it, so that they may as well be in a token or behind a service; what is made for one channel and ends
/// with it (ephemeral keys, keys of messages) is not its concern. A key is named by its public half: there are no
/// handles that could name another key tomorrow.
///
/// Errors of all: `not_found` for a key that the vault does not have, `unsupported` for a kind of key that it cannot
/// keep, `io_failure` and others of wherever the keys are. Calls may block on that, so they are not for the socket
/// thread. Thread: any, several at once.
class vault {
 public:
  virtual ~vault() = default;

  virtual result<verifying_key> new_signing_key(key_type type) = 0;
  virtual result<signature> sign(const verifying_key& by, bytes_view message) = 0;
  virtual result<void> remove(const verifying_key& key) = 0;

  virtual result<x25519_public> new_static_key() = 0;
  /// What our static key and theirs have in common (`x25519`).
  virtual result<secret> agree(const x25519_public& mine, const x25519_public& theirs) = 0;
  virtual result<void> remove(const x25519_public& key) = 0;
};

} // namespace ockam::identities
