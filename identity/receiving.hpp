// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/replay_window.hpp"
#include "identity/sending.hpp"

#include <optional>

namespace ockam::identities {

/// One message's nonce and key, so that it can be opened elsewhere while others are. `open` may run on any thread.
struct opening {
  std::uint64_t nonce;
  secret key;

  /// As `receiving::open`, without the window.
  bool open(bytes_view wire, std::byte* out) const;
};

/// The receiving direction of a channel. Keys are for 32 nonces each; three are within reach:
///
///     nonces   …  [ previous ]  [ current ]  [ next ]  …          others are refused
///
/// The next one becomes the current one by the first message that opens with it, and only then. What is refused changes
/// nothing. Movable. Thread: one at a time.
class receiving {
 public:
  explicit receiving(secret key, use what = use::messages) : current_{std::move(key)}, use_{what} {}

  /// Opens `wire` and writes `wire.size() - sealed_overhead` bytes at `out`, which may be exactly where the ciphertext
  /// begins. Returns the nonce. Errors: `malformed` when it is cut off; `not_authentic` for a nonce that was taken
  /// before or is out of reach, and for what does not open, in which case zeros are at `out`.
  result<std::uint64_t> open(bytes_view wire, std::byte* out);

  /// The same in three steps, for a message that is opened elsewhere: `begin` says with what, `opening::open` does it,
  /// and `commit` takes the nonce if it opened. A message may be used only when `commit` says so: of two with one nonce
  /// the second is refused there. At most 32 may be begun and not committed, since they do not move the window.
  result<opening> begin(bytes_view wire);
  result<void> commit(std::uint64_t nonce);

 private:
  result<std::uint64_t> acceptable(bytes_view wire) const;
  /// The key for a nonce that is acceptable, or null.
  const aead_key* key_for(std::uint64_t nonce);
  bool is_of_next(std::uint64_t nonce) const noexcept;

  std::optional<aead_key> previous_;
  aead_key current_;
  std::optional<aead_key> next_; ///< made when it is first asked for, kept until it is the current one
  std::uint64_t bucket_ = 0;     ///< of the current key: nonce / 32
  replay_window window_;
  use use_;
};

} // namespace ockam::identities
