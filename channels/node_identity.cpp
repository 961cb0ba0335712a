// SPDX-License-Identifier: Apache-2.0
#include "channels/node_identity.hpp"

#include "channels/core_dumps.hpp"
#include "identity/known_file.hpp"
#include "identity/passphrase.hpp"
#include "identity/private_file.hpp"
#include "identity/token_vault.hpp"
#include "runtime/core/hex.hpp"
#include "runtime/core/log.hpp"

#include <filesystem>

namespace ockam::channels {

namespace ids = identities;

namespace {

/// Largest file of a credential.
constexpr std::size_t max_credential = 64u << 10;

/// `typed`: by the operator, of a vault whose configuration says nothing of a passphrase.
result<std::unique_ptr<ids::vault>> open_vault_of(const identity_config& c, const ids::secret* typed = nullptr) {
  keep_memory_out_of_core_dumps();
  if (c.passphrase_file.empty() && c.passphrase_credential.empty())
    return ids::open_vault_file(c.vault, typed);
  auto passphrase = c.passphrase_file.empty() ? ids::passphrase::from_systemd(c.passphrase_credential) : ids::passphrase::from_file(c.passphrase_file);
  if (!passphrase)
    return std::move(passphrase).error();
  return ids::open_vault_file(c.vault, &*passphrase);
}

/// The same of one that nobody is to make: opening one makes its file.
result<std::unique_ptr<ids::vault>> open_vault_that_is_there(const identity_config& c) {
  std::error_code unseen;
  if (!std::filesystem::exists(c.vault, unseen))
    return error{errc::not_found, "there is no vault " + c.vault, "it is made with its identity: ockam vault create, ockam identity create"};
  return open_vault_of(c);
}

result<std::vector<ids::credential>> read_credentials_of(const identity_config& c) {
  if (c.credential_file.empty())
    return std::vector<ids::credential>{};
  auto file = ids::private_file::read(c.credential_file, max_credential);
  if (!file)
    return error{file.error().code, "credential " + c.credential_file + ": " + file.error().cause, file.error().hint};
  std::string_view digits{reinterpret_cast<const char*>(file->bytes().data()), file->size()};
  while (!digits.empty() && (digits.back() == '\n' || digits.back() == '\r' || digits.back() == ' '))
    digits.remove_suffix(1);
  auto bytes = parse_hex(digits);
  auto read = bytes ? ids::decode_credential_and_key(*bytes) : result<ids::credential>{std::move(bytes).error()};
  if (!read)
    return error{read.error().code, "credential " + c.credential_file + ": " + read.error().cause, "it holds a credential and its purpose key, in hex, as an issuer gives them: a node of this make has no command for that, the reference has `ockam credential issue --encoding hex`"};
  return std::vector<ids::credential>{*std::move(read)};
}

result<known_ptr> open_known(const identity_config& c) {
  if (c.known_identities.empty())
    return known_ptr{std::make_shared<ids::memory_identities>()};
  auto file = ids::file_identities::open(c.known_identities);
  if (!file)
    return std::move(file).error();
  return known_ptr{*std::move(file)};
}

bool same(std::span<const ids::credential> l, std::span<const ids::credential> r) {
  return std::equal(l.begin(), l.end(), r.begin(), r.end(), [](auto& a, auto& b) { return encode(a) == encode(b); });
}

} // namespace

result<identity_ptr> node_identity::load(const identity_config& c, ids::timestamp now, const ids::secret* typed) {
  auto known = open_known(c);
  if (!known)
    return std::move(known).error();
  identity_ptr out{new node_identity{c, *std::move(known)}};
  std::lock_guard lock{out->mutex_};
  if (auto ok = out->open(true, now, typed); !ok)
    return std::move(ok).error();
  return out;
}

identity_ptr node_identity::later(identity_config c, known_ptr known) { return identity_ptr{new node_identity{std::move(c), std::move(known)}}; }

result<identity_ptr> node_identity::of(std::unique_ptr<ids::vault> keys, ids::identity who, ids::timestamp now) {
  identity_ptr out{new node_identity{{}, std::make_shared<ids::memory_identities>()}};
  out->keys_ = std::move(keys);
  std::lock_guard lock{out->mutex_};
  if (auto ok = out->use(std::move(who), {}, now); !ok)
    return std::move(ok).error();
  return out;
}

result<void> node_identity::open(bool may_make, ids::timestamp now, const ids::secret* typed) {
  auto keys = may_make ? open_vault_of(config_, typed) : open_vault_that_is_there(config_);
  if (!keys)
    return std::move(keys).error();
  auto who = may_make ? ids::history_file::read_or_create(config_.history, **keys, ids::key_type::ed25519, now) : ids::history_file::read(config_.history);
  if (!who)
    return std::move(who).error();
  auto credentials = read_credentials_of(config_);
  if (!credentials)
    return std::move(credentials).error();
  keys_ = *std::move(keys);
  auto ok = use(*std::move(who), *std::move(credentials), now);
  if (!ok)
    keys_.reset();
  if (!ok && ok.error().code == errc::not_found)
    return error{errc::not_found, "the vault " + config_.vault + " has not the key of the identity in " + config_.history,
                 "the two belong together: bring back the one that was replaced, or remove both files for a new identity"};
  return ok;
}

/// Makes a static key that this identity attests.
result<void> node_identity::use(ids::identity who, std::vector<ids::credential> credentials, ids::timestamp now) {
  auto key = static_keys_.new_static_key();
  if (!key)
    return std::move(key).error();
  auto attestation = ids::attest(*keys_, who, *key, now);
  if (!attestation) {
    (void)static_keys_.remove(*key);
    return std::move(attestation).error();
  }
  if (!now_ && !ids::secrets_are_locked())
    log(level::warn, "identity", "the system locks no memory for this process (ulimit -l): keys may be swapped out");
  is_called(who);
  ids::own_identity own{&static_keys_, *key, {who.history(), *std::move(attestation), credentials}};
  now_.emplace(state{std::move(who), std::move(credentials), std::move(own), now});
  return {};
}

void node_identity::is_called(const ids::identity& who) {
  if (has_name_.load(std::memory_order_relaxed))
    return;
  name_ = to_string(who.id());
  has_name_.store(true, std::memory_order_release);
}

result<ids::own_identity> node_identity::own(ids::timestamp now) {
  std::lock_guard lock{mutex_};
  if (!now_)
    if (auto ok = open(false, now); !ok)
      return std::move(ok).error();
  if (now < now_->made || now - now_->made > renewal)
    if (auto ok = use(now_->who, now_->credentials, now); !ok)
      return std::move(ok).error();
  return now_->own;
}

result<std::optional<node_identity::news>> node_identity::refresh(ids::timestamp now) {
  std::lock_guard lock{mutex_};
  return read_again(now, false);
}

result<std::optional<node_identity::news>> node_identity::move_to(identity_config c, ids::timestamp now) {
  std::lock_guard lock{mutex_};
  if (!now_) {
    config_ = std::move(c);
    return read_again(now, false);
  }
  auto keys = open_vault_that_is_there(c);
  if (!keys)
    return std::move(keys).error();
  std::swap(config_, c);
  std::swap(keys_, *keys);
  auto out = read_again(now, true);
  if (!out) {
    config_ = std::move(c);
    keys_ = *std::move(keys);
  }
  return out;
}

result<std::optional<node_identity::news>> node_identity::read_again(ids::timestamp now, bool has_moved) {
  std::optional<news> nothing;
  if (!now_) {
    if (auto ok = open(false, now); !ok)
      return std::move(ok).error();
    return nothing;
  }
  if (config_.history.empty())
    return nothing;
  auto who = ids::history_file::read(config_.history);
  if (!who)
    return std::move(who).error();
  auto credentials = read_credentials_of(config_);
  if (!credentials)
    return std::move(credentials).error();
  auto what = compare(now_->who, *who);
  if (what == ids::comparison::older || what == ids::comparison::conflict)
    return error{errc::not_authentic, "history " + config_.history + (what == ids::comparison::older ? " is older than before" : " is that of another identity than before"),
                 "the node stays " + name_ + " as it was; another identity takes a new start"};
  bool is_same = what == ids::comparison::same && same(now_->credentials, *credentials);
  if (is_same && !has_moved)
    return nothing;
  if (auto ok = use(*std::move(who), *std::move(credentials), now); !ok) // also where nothing is new: whether that vault has the key
    return std::move(ok).error();
  return is_same ? nothing : std::optional{news{now_->who.history(), now_->credentials}};
}

} // namespace ockam::channels
