// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/key_ring.hpp"
#include "identity/sealed_box.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace ockam::identities {

/// A vault in a file of mode 0600, sealed by a passphrase (`sealed_box`) or not. Each change replaces the file as a
/// whole and is done when the disk has it; several processes may use one file: who changes it holds its lock, and a key
/// that is not in memory is looked for in the file once more.
class file_vault final : public vault {
 public:
  /// Largest file that is read.
  static constexpr std::size_t max_file = 4u << 20;

  /// Opens the vault, or makes an empty one. `passphrase` is null for one that is not sealed; it is not kept, only what
  /// scrypt makes of it. Errors: those of `private_file`, `sealed_box` and `key_ring`, with the path in front.
  static result<std::unique_ptr<file_vault>> open(std::string path, const secret* passphrase,
                                                  random_source& random = system_random(), scrypt_cost cost = {});

  result<verifying_key> new_signing_key(key_type type) override;
  result<signature> sign(const verifying_key& by, bytes_view message) override;
  result<void> remove(const verifying_key& key) override;
  result<x25519_public> new_static_key() override;
  result<secret> agree(const x25519_public& mine, const x25519_public& theirs) override;
  result<void> remove(const x25519_public& key) override;

 private:
  file_vault(std::string path, random_source& random) : path_{std::move(path)}, random_{random} {}

  result<void> load();
  result<void> look_again_for(bytes_view public_key);
  /// Reads the file, has `f(keys)` change them, and writes it. What cannot be written has not happened.
  template <class F>
  auto change(F&& f) -> decltype(f(std::declval<key_ring&>()));

  const std::string path_;
  random_source& random_;
  std::mutex mutex_;
  sealed_box box_;
  key_ring keys_;
};

} // namespace ockam::identities
