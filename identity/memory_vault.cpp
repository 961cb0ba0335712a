// SPDX-License-Identifier: Apache-2.0
#include "identity/memory_vault.hpp"

namespace ockam::identities {

result<verifying_key> memory_vault::new_signing_key(key_type type) {
  auto key = make_signing_secret(type, random_);
  if (!key)
    return std::move(key).error();
  return add(type, *std::move(key));
}

result<x25519_public> memory_vault::new_static_key() {
  auto pair = make_x25519_key_pair(random_);
  if (!pair)
    return std::move(pair).error();
  return add_static(std::move(pair->key));
}

result<signature> memory_vault::sign(const verifying_key& by, bytes_view message) {
  std::lock_guard lock{mutex_};
  return keys_.sign(by, message);
}

result<secret> memory_vault::agree(const x25519_public& mine, const x25519_public& theirs) {
  std::lock_guard lock{mutex_};
  return keys_.agree(mine, theirs);
}

result<void> memory_vault::remove(const verifying_key& key) {
  std::lock_guard lock{mutex_};
  return keys_.remove(key.bytes());
}

result<void> memory_vault::remove(const x25519_public& key) {
  std::lock_guard lock{mutex_};
  return keys_.remove(key);
}

result<verifying_key> memory_vault::add(key_type type, secret key) {
  std::lock_guard lock{mutex_};
  return keys_.add(type, std::move(key));
}

result<x25519_public> memory_vault::add_static(secret key) {
  std::lock_guard lock{mutex_};
  return keys_.add_static(std::move(key));
}

} // namespace ockam::identities
