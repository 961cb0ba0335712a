// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/net/reactor.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace ockam {

/// Those who wait for something to be decided, as whether an inlet is up: each is told once, when it is, or after the time
/// that it waits at most, whichever comes first (`facility::when_settled`). Its end tells nobody. May be changed by who is
/// told, and may be gone after `settle`. Socket thread only; goes before the reactor.
class settling {
 public:
  settling() = default;
  settling(const settling&) = delete;
  settling& operator=(const settling&) = delete;
  ~settling() {
    for (const auto& w : waiting_)
      w.clock->cancel(w.timer);
  }

  void wait(net::reactor& r, std::chrono::milliseconds within, std::function<void()> done) {
    auto number = ++last_;
    auto timer = r.after(within, [this, number] { late(number); });
    waiting_.push_back({number, &r, timer, std::move(done)});
  }
  /// It is decided.
  void settle() {
    auto all = std::exchange(waiting_, {});
    for (const auto& w : all)
      w.clock->cancel(w.timer);
    for (auto& w : all)
      w.done();
  }

 private:
  struct waiter {
    std::uint64_t number;
    net::reactor* clock;
    timer_queue::id timer;
    std::function<void()> done;
  };

  void late(std::uint64_t number) {
    auto it = std::find_if(waiting_.begin(), waiting_.end(), [number](auto& w) { return w.number == number; });
    auto done = std::move(it->done);
    waiting_.erase(it);
    done();
  }

  std::vector<waiter> waiting_;
  std::uint64_t last_ = 0;
};

} // namespace ockam
