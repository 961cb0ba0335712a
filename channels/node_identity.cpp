// SPDX-License-Identifier: Apache-2.0
#include "channels/node_identity.hpp"

#include "identity/passphrase.hpp"
#include "identity/token_vault.hpp"
#include "runtime/core/log.hpp"

namespace ockam::channels {

namespace ids = identities;

result<identity_ptr> node_identity::load(const identity_config& c, ids::timestamp now) {
  std::optional<ids::secret> passphrase;
  if (!c.passphrase_file.empty()) {
    auto read = ids::passphrase::from_file(c.passphrase_file);
    if (!read)
      return std::move(read).error();
    passphrase = *std::move(read);
  }
  auto keys = ids::open_vault_file(c.vault, passphrase ? &*passphrase : nullptr);
  if (!keys)
    return std::move(keys).error();
  auto who = ids::history_file::read_or_create(c.history, **keys, ids::key_type::ed25519, now);
  if (!who)
    return std::move(who).error();
  auto out = of(*std::move(keys), *std::move(who), now);
  if (!out && out.error().code == errc::not_found)
    return error{errc::not_found, "the vault " + c.vault + " has not the key of the identity in " + c.history,
                 "the two belong together: bring back the one that was replaced, or remove both files for a new identity"};
  return out;
}

result<identity_ptr> node_identity::of(std::unique_ptr<ids::vault> keys, ids::identity who, ids::timestamp now) {
  identity_ptr out{new node_identity{std::move(keys), std::move(who)}};
  if (auto ok = out->make_static_key(now); !ok)
    return std::move(ok).error();
  if (!ids::secrets_are_locked())
    log(level::warn, "identity", "the system locks no memory for this process (ulimit -l): keys may be swapped out");
  return out;
}

result<void> node_identity::make_static_key(ids::timestamp now) {
  auto key = static_keys_.new_static_key();
  if (!key)
    return std::move(key).error();
  auto attestation = ids::attest(*keys_, who_, *key, now);
  if (!attestation) {
    (void)static_keys_.remove(*key);
    return std::move(attestation).error();
  }
  own_.emplace(ids::own_identity{&static_keys_, *key, {who_.history(), *std::move(attestation), {}}});
  made_ = now;
  return {};
}

result<ids::own_identity> node_identity::own(ids::timestamp now) {
  std::lock_guard lock{mutex_};
  if (now < made_ || now - made_ > renewal)
    if (auto ok = make_static_key(now); !ok)
      return std::move(ok).error();
  return *own_;
}

} // namespace ockam::channels
