// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace ockam {

/// How long to wait before a worker is made anew: not at all the first time, then 100 ms, doubling up to
/// 10 s; from the beginning again once it has run for 10 s. Plain value; the caller says what time it is.
class restart_backoff {
 public:
  using clock = std::chrono::steady_clock;

  /// It has begun to run.
  void started(clock::time_point now) noexcept { since_ = now; }

  /// It has ended, at `now`, or could not begin.
  std::chrono::milliseconds next(clock::time_point now) noexcept {
    if (since_ != clock::time_point{} && now - since_ >= settled)
      delay_ = std::chrono::milliseconds{0};
    since_ = {};
    auto d = delay_;
    delay_ = d.count() == 0 ? least : std::min(d * 2, most);
    return d;
  }

 private:
  static constexpr std::chrono::milliseconds least{100};
  static constexpr std::chrono::milliseconds most{10'000};
  static constexpr std::chrono::milliseconds settled{10'000};

  clock::time_point since_{};
  std::chrono::milliseconds delay_{0};
};

} // namespace ockam
