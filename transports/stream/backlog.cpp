// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/backlog.hpp"

#include <algorithm>

namespace ockam {

backlog::~backlog() {
  while (pop()) {
  }
}

bool backlog::push(message_ptr& m) {
  bool own = m->held && m->held.source() == own_;
  if (!own && holds_.enter(m->held) == hold_table::entry::refused)
    return false;
  bytes_ += m->footprint();
  auto key = sender_key(*m);
  auto it = by_key_.find(key);
  if (it == by_key_.end()) {
    fresh_.push_back({key});
    it = by_key_.emplace(key, std::prev(fresh_.end())).first;
  }
  auto& l = *it->second;
  auto* raw = m.release();
  raw->next = nullptr;
  (l.tail ? l.tail->next : l.head) = raw;
  l.tail = raw;
  return true;
}

message_ptr backlog::pop() noexcept {
  if (empty())
    return nullptr;
  bool fresh = !fresh_.empty() && (waiting_.empty() || !fresh_was_last_);
  auto& from = fresh ? fresh_ : waiting_;
  auto current = from.begin();
  message_ptr m{current->head};
  current->head = m->next;
  auto size = m->footprint();
  bytes_ -= size;
  m->held.leave();
  if (!current->head) {
    by_key_.erase(current->key);
    from.erase(current);
    fresh_was_last_ = fresh;
  } else if (current->left <= size) { // its turn is over
    current->left = quantum;
    waiting_.splice(waiting_.end(), from, current);
    fresh_was_last_ = fresh;
  } else {
    current->left -= size;
  }
  return m;
}

void backlog::progressed(clock::time_point now, std::size_t bytes) noexcept {
  progress_ = now;
  taken_ += bytes;
}

backlog::verdict backlog::judge(clock::time_point now, const limits& limit) noexcept {
  auto idle = now - std::max(progress_, waiting_since_);
  if (idle >= limit.write_timeout)
    return verdict::dead;
  if (idle >= limit.stall)
    return verdict::silent;
  if (!holds_.holds_up()) {
    slow_since_ = {};
  } else if (slow_since_ == clock::time_point{}) {
    slow_since_ = now;
    taken_ = 0;
  } else if (auto span = now - slow_since_; span >= rate_window) {
    auto wanted = limit.least_rate * static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::seconds>(span).count());
    slow_since_ = now;
    if (std::exchange(taken_, 0) < wanted)
      return verdict::slow;
  }
  return verdict::moving;
}

} // namespace ockam
