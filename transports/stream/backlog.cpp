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
  if (!own && !holds_.enter(m->held))
    return false;
  bytes_ += m->footprint();
  auto* raw = m.release();
  raw->next = nullptr;
  (tail_ ? tail_->next : head_) = raw;
  tail_ = raw;
  return true;
}

message_ptr backlog::pop() noexcept {
  message_ptr m{head_};
  if (!m)
    return m;
  head_ = m->next;
  if (!head_)
    tail_ = nullptr;
  bytes_ -= m->footprint();
  m->held.leave();
  return m;
}

backlog::verdict backlog::judge(clock::time_point now, const limits& limit) const noexcept {
  auto idle = now - std::max(progress_, waiting_since_);
  return idle >= limit.write_timeout ? verdict::dead : idle >= limit.stall ? verdict::stalled : verdict::moving;
}

} // namespace ockam
