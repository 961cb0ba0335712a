// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace ockam {

/// Deadlines in order. Plain code: whoever owns it says what time it is, so the same code runs under a
/// clock in a node and under a variable in a test. One thread at a time.
class timer_queue {
 public:
  using clock = std::chrono::steady_clock;
  using id = std::uint64_t; ///< never 0; not used again

  id add(clock::time_point when, std::function<void()> fire) {
    auto n = ++last_;
    positions_.emplace(n, queue_.emplace(when, item{n, std::move(fire)}));
    return n;
  }

  /// No effect when it has fired.
  void cancel(id n) {
    auto it = positions_.find(n);
    if (it == positions_.end())
      return;
    queue_.erase(it->second);
    positions_.erase(it);
  }

  std::optional<clock::time_point> next() const {
    return queue_.empty() ? std::nullopt : std::optional{queue_.begin()->first};
  }

  /// Fires what is due at `now`, in order of deadline. Timers may add and cancel timers; one added here
  /// and due already waits for the next call.
  void run(clock::time_point now) {
    for (auto last = last_; !queue_.empty();) {
      auto it = queue_.begin();
      if (it->first > now || it->second.number > last)
        return;
      auto fire = std::move(it->second.fire);
      positions_.erase(it->second.number);
      queue_.erase(it);
      fire();
    }
  }

  std::size_t size() const noexcept { return queue_.size(); }

 private:
  struct item {
    id number;
    std::function<void()> fire;
  };
  using queue = std::multimap<clock::time_point, item>;

  queue queue_;
  std::unordered_map<id, queue::iterator> positions_;
  id last_ = 0;
};

} // namespace ockam
