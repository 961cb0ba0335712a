// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/handshake.hpp"
#include "identity/history_file.hpp"
#include "identity/memory_vault.hpp"
#include "runtime/node/config.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

/// Secure channels of a node (docs/secure-channels.md). Pure cryptography is in identity/; here are the workers.
namespace ockam::channels {

/// What others have shown of themselves, shared by the identities of a node.
using known_ptr = std::shared_ptr<identities::memory_identities>;

/// Who a node is in its channels: the vault with the private key of an identity, and what all channels of that identity share.
///
/// The static key of channels (`x25519`) is made when the node starts, attested by the identity's key, and is in memory
/// only: it ends with the process, no handshake waits for a disk, and a vault does not gather the static keys of all
/// starts. Peers know the identity, not that key.
///
/// Thread: any, several at once; `load`, `own`, `refresh` and `move_to` block and are not for the socket thread.
class node_identity {
 public:
  /// Opens what `[identity]` names, and makes what is missing. Errors: those of the files, with their paths, and of
  /// `attest`; `not_found` when the vault has not the key of the history; `permission_denied` when it is sealed and nothing
  /// opens it: neither what `[identity]` names nor, where that names nothing, `typed`.
  static result<std::shared_ptr<node_identity>> load(const identity_config& c, identities::timestamp now, const identities::secret* typed = nullptr);
  /// The same, but nothing is opened before `own` or `refresh` is called for the first time. Never makes an identity.
  static std::shared_ptr<node_identity> later(identity_config c, known_ptr known);
  /// One of keys that are elsewhere, for tests.
  static result<std::shared_ptr<node_identity>> of(std::unique_ptr<identities::vault> keys, identities::identity who,
                                                   identities::timestamp now);

  /// `I…`; empty while nothing was opened.
  std::string name() const { return has_name_.load(std::memory_order_acquire) ? name_ : std::string{}; }
  const known_ptr& known() const noexcept { return known_; }

  /// Who we are in one handshake. The static key is made anew long before its attestation ends. Errors: those of the
  /// vault and of `attest`; of one that is opened now, those of `load`.
  result<identities::own_identity> own(identities::timestamp now);

  /// What open channels have to say of it to the other end.
  struct news {
    identities::change_history history;
    std::vector<identities::credential> credentials;
  };
  /// Reads history and credential again, and opens what was not opened. Nothing when they are as before. Errors: as `load`;
  /// `not_authentic` when the history is older than before or that of another identity: then all stays as it was.
  result<std::optional<news>> refresh(identities::timestamp now);
  /// The same where its files are elsewhere now, or others.
  result<std::optional<news>> move_to(identity_config c, identities::timestamp now);

 private:
  /// What a rotation or another credential changes.
  struct state {
    identities::identity who;
    std::vector<identities::credential> credentials;
    identities::own_identity own;
    identities::timestamp made;
  };

  node_identity(identity_config c, known_ptr known) : known_{std::move(known)}, config_{std::move(c)} {}

  /// So long a static key is for new channels.
  static constexpr identities::timestamp renewal = 7ull * 86'400;

  result<void> open(bool may_make, identities::timestamp now, const identities::secret* typed = nullptr);
  result<std::optional<news>> read_again(identities::timestamp now, bool has_moved);
  result<void> use(identities::identity who, std::vector<identities::credential> credentials, identities::timestamp now);
  void is_called(const identities::identity& who);

  const known_ptr known_;
  std::string name_; ///< written once, before `has_name_`
  std::atomic<bool> has_name_ = false;

  std::mutex mutex_;
  identity_config config_; ///< no history: of keys that are elsewhere
  std::unique_ptr<identities::vault> keys_;
  identities::memory_vault static_keys_; ///< those of handshakes under way stay: one a week, and one a change
  std::optional<state> now_;
};

using identity_ptr = std::shared_ptr<node_identity>;

} // namespace ockam::channels
