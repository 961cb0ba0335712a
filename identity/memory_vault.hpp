// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/key_ring.hpp"

#include <mutex>

namespace ockam::identities {

/// A vault that ends with the process: for channels between nodes that need no name tomorrow, and for tests.
class memory_vault final : public vault {
 public:
  explicit memory_vault(random_source& random = system_random()) noexcept : random_{random} {}

  result<verifying_key> new_signing_key(key_type type) override;
  result<signature> sign(const verifying_key& by, bytes_view message) override;
  result<void> remove(const verifying_key& key) override;
  result<x25519_public> new_static_key() override;
  result<secret> agree(const x25519_public& mine, const x25519_public& theirs) override;
  result<void> remove(const x25519_public& key) override;

  /// Takes keys that were made elsewhere. Errors: `invalid_argument`, `limit_reached`.
  result<verifying_key> add(key_type type, secret key);
  result<x25519_public> add_static(secret key);

 private:
  random_source& random_;
  std::mutex mutex_;
  key_ring keys_;
};

} // namespace ockam::identities
