// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/account.hpp"

#include "runtime/core/units.hpp"

#include <algorithm>
#include <stdexcept>

namespace ockam {

bool account::fits(std::size_t bytes) const noexcept {
  auto messages = ledger_->used();
  auto other = beside();
  auto kept_free = other > 0 ? std::max(other, limit_ / 4) : 0;
  return messages + bytes <= ledger_->budget() && messages + bytes + kept_free <= limit_;
}

bool account::admit(message& m) noexcept {
  if (m.held.source() == ledger_.get())
    return true;
  auto bytes = m.held ? m.held.bytes() : m.footprint();
  if (ledger_->used() > 0 && !fits(bytes))
    return false;
  if (m.held)
    m.held.lend_to(*ledger_);
  else
    m.held = credit{*ledger_, bytes};
  return true;
}

bool account::take(std::size_t bytes) noexcept {
  auto other = beside_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (ledger_->used() + other <= limit_)
    return true;
  give_back(bytes);
  return false;
}

std::string account::full() const {
  return "the worker has used up its budget of " + size_text(limit_) + " with what it keeps or has sent";
}

holding::holding(account* a, std::size_t bytes) : account_{a}, bytes_{bytes} {
  if (a && !a->take(bytes))
    throw std::length_error{a->full()};
}

} // namespace ockam
