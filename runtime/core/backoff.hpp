// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/limits.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace ockam {

/// When to try again: each failure waits half as long again as the one before, up to a cap, and up to a
/// quarter less of that by chance, so that the peers of a node that restarts do not all come at once. The
/// factor is small on purpose: a peer that is away for a second is found again within half of one more.
/// The same seed gives the same delays. A value.
class backoff {
 public:
  backoff(retry_range range, std::uint32_t seed) : range_{range}, random_{seed} {}

  /// How long to wait after one more failure, within `[3/4 least, most]`.
  std::chrono::milliseconds next() {
    auto whole = std::clamp(last_ + last_ / 2, range_.least, range_.most);
    last_ = whole;
    auto spread = whole.count() / 4;
    return whole - std::chrono::milliseconds{std::uniform_int_distribution<std::int64_t>{0, spread}(random_)};
  }

  /// It went well: the next failure is the first one.
  void reset() noexcept { last_ = std::chrono::milliseconds{0}; }

 private:
  retry_range range_;
  std::minstd_rand random_;
  std::chrono::milliseconds last_{0};
};

} // namespace ockam
