// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/timer_queue.hpp"

#include <utility>

namespace ockam {

timer_queue::id timer_queue::add(clock::time_point when, std::function<void()> fire) {
  auto n = take_slot();
  auto number = ++last_;
  auto& s = slots_[n];
  s.fire = std::move(fire);
  s.number = static_cast<std::uint32_t>(number);
  s.used = true;
  heap_.emplace_back();
  rise(heap_.size() - 1, {when, number, n});
  return id{s.number} << 32 | (n + 1);
}

void timer_queue::cancel(id n) {
  auto which = static_cast<std::uint32_t>(n) - 1; // of 0: none
  if (which >= slots_.size() || !slots_[which].used || slots_[which].number != n >> 32)
    return;
  auto last = remove(slots_[which].at); // what it holds may have a destructor that calls anything: with the queue in order again
}

void timer_queue::run(clock::time_point now) {
  for (auto last = last_; !heap_.empty();) {
    if (heap_.front().when > now || heap_.front().number > last)
      return;
    auto fire = remove(0);
    fire();
  }
}

std::uint32_t timer_queue::take_slot() {
  if (free_ == none) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  return std::exchange(free_, slots_[free_].at);
}

std::function<void()> timer_queue::remove(std::size_t at) {
  auto n = heap_[at].slot;
  auto moved = heap_.back();
  heap_.pop_back();
  if (at < heap_.size()) {
    if (at > 0 && moved.before(heap_[(at - 1) / 2]))
      rise(at, moved);
    else
      sink(at, moved);
  }
  auto& s = slots_[n];
  s.used = false;
  s.at = std::exchange(free_, n);
  return std::exchange(s.fire, nullptr);
}

void timer_queue::put(std::size_t at, entry e) {
  heap_[at] = e;
  slots_[e.slot].at = static_cast<std::uint32_t>(at);
}

void timer_queue::rise(std::size_t at, entry e) {
  for (; at > 0 && e.before(heap_[(at - 1) / 2]); at = (at - 1) / 2)
    put(at, heap_[(at - 1) / 2]);
  put(at, e);
}

void timer_queue::sink(std::size_t at, entry e) {
  for (auto child = 2 * at + 1; child < heap_.size(); child = 2 * at + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child]))
      ++child;
    if (!heap_[child].before(e))
      break;
    put(at, heap_[child]);
    at = child;
  }
  put(at, e);
}

} // namespace ockam
