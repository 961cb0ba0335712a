// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/aead.hpp"
#include "runtime/core/error.hpp"

namespace ockam::identities {

/// What the keys of a handshake are for. Both ends must have agreed on it; nothing in the bytes tells.
enum class use {
  messages,     ///< a channel: the key changes every 32 messages, the receiver keeps a replay window
  key_exchange, ///< keys for data that its owner carries and keeps: one key for all, nothing is remembered
};

/// How many messages one key is for.
inline constexpr std::uint64_t rekey_interval = 32;

/// A message on the wire:
///
///     nonce: u64, big-endian (8) ‖ ciphertext ‖ tag (16)            no associated data
inline constexpr std::size_t nonce_size = 8;
inline constexpr std::size_t sealed_overhead = nonce_size + aead_key::tag_size;

/// One message's nonce and its key, so that it can be sealed elsewhere while others are. `seal` may run on any thread.
struct sealing {
  std::uint64_t nonce;
  secret key;

  /// Seals what the parts are one after the other and writes `sealed_overhead` bytes more at `out`.
  void seal(std::span<const bytes_view> parts, std::byte* out) const;
};

/// The sending direction of a channel: nonces in order from 0, and the keys that follow from the first one. Movable.
/// Thread: one at a time.
class sending {
 public:
  /// The last nonce is not for messages: `rekey` has it.
  static constexpr std::uint64_t max_nonce = ~std::uint64_t{0} - 1;

  explicit sending(secret key, use what = use::messages, std::uint64_t next_nonce = 0)
    : key_{std::move(key)}, use_{what}, next_{next_nonce} {}

  /// Seals what the parts are one after the other and writes `sealed_overhead` bytes more at `out`; a part may lie
  /// exactly where it will be written. Errors: `limit_reached` when the nonces are used up, `too_large` over
  /// `aead_key::max_text`.
  result<void> seal(std::span<const bytes_view> parts, std::byte* out);
  /// Takes the next nonce for a message that is sealed elsewhere. Messages are to be sent in the order of their nonces,
  /// as far as the receiver's window does not forgive. Errors: `limit_reached`.
  result<sealing> detach();

 private:
  result<std::uint64_t> take_nonce();

  aead_key key_;
  use use_;
  std::uint64_t next_;
};

} // namespace ockam::identities
