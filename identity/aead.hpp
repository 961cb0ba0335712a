// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/secret.hpp"

#include <memory>

namespace ockam::identities {

/// AES-256-GCM under one key, with nonces of 64 bits:
///
///     nonce(n) = 00 00 00 00 ‖ n as u64, big-endian        sealed = ciphertext ‖ tag (16 bytes)
///
/// The key schedule is kept, since making it costs more than sealing a small message. Who has a key sees to it that no
/// nonce is used twice. Movable. Thread: one at a time.
class aead_key {
 public:
  static constexpr std::size_t size = 32;
  static constexpr std::size_t tag_size = 16;
  /// What OpenSSL takes in one piece; more than any message of a node.
  static constexpr std::size_t max_text = std::size_t{1} << 30;

  /// `key` has `size` bytes.
  explicit aead_key(secret key);
  aead_key(aead_key&&) noexcept;
  aead_key& operator=(aead_key&&) noexcept;
  ~aead_key();

  /// Seals what the parts are one after the other, at most `max_text` bytes in all, and writes it with the tag at
  /// `out`. A part may lie exactly where it will be written.
  void seal(std::uint64_t nonce, bytes_view associated, std::span<const bytes_view> parts, std::byte* out) const;
  /// Opens into `out`, which has room for `sealed.size() - tag_size` and may be where `sealed` begins. False when the
  /// tag is wrong (compared in constant time) or there is none: what is at `out` is then overwritten with zeros.
  bool open(std::uint64_t nonce, bytes_view associated, bytes_view sealed, std::byte* out) const;

  const secret& key() const noexcept { return key_; }
  /// The key after this one: 32 zero bytes sealed with the last nonce (2^64 - 1), without the tag. REKEY of Noise.
  secret next() const;

 private:
  struct context;

  secret key_;
  std::unique_ptr<context> context_;
};

} // namespace ockam::identities
