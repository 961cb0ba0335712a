// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ockam {

/// Deadlines in order. Plain code: whoever owns it says what time it is, so the same code runs under a
/// clock in a node and under a variable in a test. One thread at a time.
///
/// A binary heap, as each request of a worker has a deadline that nearly always is cancelled: to add and to cancel one takes no
/// memory of its own. Memory stays as the most timers at one time needed it, 72 bytes each.
class timer_queue {
 public:
  using clock = std::chrono::steady_clock;
  /// Never 0. One that is over is not taken for a later one until four billion more were added.
  using id = std::uint64_t;

  id add(clock::time_point when, std::function<void()> fire);
  /// No effect when it has fired.
  void cancel(id n);

  std::optional<clock::time_point> next() const {
    return heap_.empty() ? std::nullopt : std::optional{heap_.front().when};
  }

  /// Fires what is due at `now`, in order of deadline; equal ones as they were added. Timers may add and cancel timers; one
  /// added here and due already waits for the next call.
  void run(clock::time_point now);

  std::size_t size() const noexcept { return heap_.size(); }

 private:
  struct entry {
    clock::time_point when;
    std::uint64_t number; ///< of all that were added
    std::uint32_t slot;

    bool before(const entry& other) const noexcept { return when != other.when ? when < other.when : number < other.number; }
  };
  struct slot {
    std::function<void()> fire;
    std::uint32_t at = 0;     ///< in the heap; of a free one: the next free one
    std::uint32_t number = 0; ///< the low half of that of the timer; of a free one, of its last
    bool used = false;
  };
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  std::uint32_t take_slot();
  /// Takes the entry at this place out, and frees its slot.
  std::function<void()> remove(std::size_t at);
  void put(std::size_t at, entry e);
  void rise(std::size_t at, entry e);
  void sink(std::size_t at, entry e);

  std::vector<entry> heap_; ///< a parent is before its two children, at 2 i + 1 and 2 i + 2
  std::vector<slot> slots_;
  std::uint32_t free_ = none;
  std::uint64_t last_ = 0;
};

} // namespace ockam
