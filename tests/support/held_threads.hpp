// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/crew.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <vector>

namespace ockam::channels {

/// Threads of which the test says what they do when, in whatever order.
class held_threads final : public threads {
 public:
  void run(std::function<void()> work) override { work_.push_back(std::move(work)); }
  std::size_t waiting() const noexcept { return work_.size(); }
  /// Does one of what waits; `which` counts round and round. False: nothing waits.
  bool work(std::size_t which = 0) {
    if (work_.empty())
      return false;
    auto at = work_.begin() + static_cast<std::ptrdiff_t>(which % work_.size());
    auto f = std::move(*at);
    work_.erase(at);
    f();
    return true;
  }
  /// For `elsewhere::post`.
  void post(std::function<void()> f) { posted_.push_back(std::move(f)); }
  /// The socket thread takes what was posted.
  void turn() {
    while (!posted_.empty()) {
      auto f = std::move(posted_.front());
      posted_.pop_front();
      f();
    }
  }
  void all() {
    do
      turn();
    while (work());
    turn();
  }

 private:
  std::vector<std::function<void()>> work_;
  std::deque<std::function<void()>> posted_;
};

} // namespace ockam::channels
