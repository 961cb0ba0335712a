// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ockam::identities {

/// Which nonces of a direction have been seen, as far as it matters: none is taken twice, and none that is far from the
/// newest one. 32 behind it and 32 ahead of it are near, both inclusive. So a direction that loses more than 32
/// messages in a row is lost: no later one is near. A value of 16 bytes.
class replay_window {
 public:
  static constexpr std::uint64_t reach = 32;

  bool may_take(std::uint64_t nonce) const noexcept {
    if (nonce > newest_)
      return nonce - newest_ <= reach;
    return newest_ - nonce <= reach && (seen_ >> (newest_ - nonce) & 1) == 0;
  }
  /// Notes a nonce that may be taken, once its message was authentic: a forged one must not move the window.
  void take(std::uint64_t nonce) noexcept {
    if (nonce > newest_) {
      seen_ = seen_ << (nonce - newest_) | 1;
      newest_ = nonce;
    } else {
      seen_ |= std::uint64_t{1} << (newest_ - nonce);
    }
  }

 private:
  std::uint64_t newest_ = 0;
  std::uint64_t seen_ = 0; ///< bit d: whether `newest_ - d` was taken
};

} // namespace ockam::identities
