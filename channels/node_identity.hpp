// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/handshake.hpp"
#include "identity/history_file.hpp"
#include "identity/memory_vault.hpp"
#include "runtime/node/config.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

/// Secure channels of a node (docs/secure-channels.md). Pure cryptography is in identity/; here are the workers.
namespace ockam::channels {

/// Who a node is, as long as it runs: the vault with the private key of its identity, and what all of its channels share.
///
/// The static key of channels (`x25519`) is made when the node starts, attested by the identity's key, and is in memory
/// only: it ends with the process, no handshake waits for a disk, and a vault does not gather the static keys of all
/// starts. Peers know the identity, not that key.
///
/// Thread: any, several at once; `load` and `own` block and are not for the socket thread.
class node_identity {
 public:
  /// Opens what `[identity]` names, and makes what is missing. Errors: those of the files, with their paths, and of
  /// `attest`; `not_found` when the vault has not the key of the history.
  static result<std::shared_ptr<node_identity>> load(const identity_config& c, identities::timestamp now);
  /// One of keys that are elsewhere, for tests.
  static result<std::shared_ptr<node_identity>> of(std::unique_ptr<identities::vault> keys, identities::identity who,
                                                   identities::timestamp now);

  const identities::identity& who() const noexcept { return who_; }
  const std::string& name() const noexcept { return name_; } ///< `I…`
  identities::known_identities& known() noexcept { return known_; }

  /// Who we are in one handshake. The static key is made anew long before its attestation ends. Errors: those of the
  /// vault and of `attest`.
  result<identities::own_identity> own(identities::timestamp now);

 private:
  node_identity(std::unique_ptr<identities::vault> keys, identities::identity who)
    : keys_{std::move(keys)}, who_{std::move(who)}, name_{to_string(who_.id())} {}

  /// So long a static key is for new channels.
  static constexpr identities::timestamp renewal = 7ull * 86'400;

  result<void> make_static_key(identities::timestamp now);

  const std::unique_ptr<identities::vault> keys_;
  const identities::identity who_;
  const std::string name_;
  identities::memory_identities known_;

  std::mutex mutex_;
  identities::memory_vault static_keys_; ///< those of handshakes under way stay: one a week
  std::optional<identities::own_identity> own_;
  identities::timestamp made_ = 0;
};

using identity_ptr = std::shared_ptr<node_identity>;

} // namespace ockam::channels
