// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace ockam::lua {

/// So much a second, and as much at once after a second without any; refilled steadily. Thread: one at a time.
class rate_limit {
 public:
  using clock = std::chrono::steady_clock;

  /// 0: any number.
  explicit rate_limit(std::uint64_t per_second) : rate_{static_cast<double>(per_second)}, left_{rate_} {}

  bool admits(clock::time_point now, std::size_t n = 1) {
    if (rate_ == 0)
      return true;
    left_ = std::min(rate_, left_ + rate_ * std::chrono::duration<double>(now - seen_).count());
    seen_ = now;
    auto amount = static_cast<double>(n);
    if (left_ < amount)
      return false;
    left_ -= amount;
    return true;
  }

 private:
  double rate_;
  double left_;
  clock::time_point seen_ = clock::now();
};

/// One that several workers have together. Thread: any.
class shared_rate_limit {
 public:
  explicit shared_rate_limit(std::uint64_t per_second) : limit_{per_second} {}

  bool admits(std::size_t n = 1) {
    std::lock_guard guard{lock_};
    return limit_.admits(rate_limit::clock::now(), n);
  }

 private:
  std::mutex lock_;
  rate_limit limit_;
};

} // namespace ockam::lua
