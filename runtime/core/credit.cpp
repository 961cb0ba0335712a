// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/credit.hpp"

#include <algorithm>

namespace ockam {

namespace {
std::atomic<std::uint64_t> next_ledger_id{1};
} // namespace

ledger::ledger(memory& m, std::size_t budget, budget_waiter* waiter) noexcept
  : memory_{m}, budget_{budget}, waiter_{waiter}, id_{next_ledger_id.fetch_add(1)} {}

ledger::owner ledger::make(memory& m, std::size_t budget, budget_waiter* waiter) {
  return owner{new ledger{m, budget, waiter}};
}

std::size_t ledger::budget() const noexcept {
  auto used = memory_.used();
  auto limit = memory_.limit();
  auto half = limit / 2;
  if (used <= half)
    return budget_;
  if (used >= limit)
    return 0;
  return static_cast<std::size_t>(static_cast<double>(budget_) * static_cast<double>(limit - used)
                                  / static_cast<double>(limit - half));
}

bool ledger::wait() noexcept {
  state_.fetch_or(waiting_bit);
  // Credit that came back before the bit was set was not announced: look again.
  if (!open())
    return false;
  stop_waiting();
  return true;
}

void ledger::return_bytes(std::size_t n, std::size_t off) noexcept {
  // Everything that is needed afterwards, before: the moment the bytes are back, this may be gone.
  auto* waiter = waiter_;
  auto id = id_;
  auto half = budget() / 2;
  memory_.sub(n);
  auto before = state_.fetch_sub(off, std::memory_order_acq_rel);
  if (before == off) { // the owner has left, and these were the last bytes
    delete this;
    return;
  }
  if ((before & waiting_bit) == 0 || waiter == nullptr)
    return;
  auto was = (before & bytes_mask) - owner_share;
  auto left = was - n;
  if (left == 0 || (was > half && left <= half))
    waiter->budget_available(id);
}

void ledger::hold_up() noexcept {
  held_up_.fetch_add(1);
  add(1); // keeps it alive: who lets go of it may be on another thread, and late
}

void ledger::let_go() noexcept {
  if (held_up_.fetch_sub(1) == 1 && waiter_ && (state_.load() & waiting_bit) != 0)
    waiter_->budget_available(id_);
  sub(1);
}

void ledger::release() noexcept {
  stop_waiting();
  if (state_.fetch_sub(owner_share, std::memory_order_acq_rel) == owner_share)
    delete this;
}

void hold::fill() noexcept {
  if (full_.load()) // nobody else sets it
    return;
  source_->hold_up();
  full_.store(true);
  // What has gone since it was found full, before the flag was there to be seen.
  if (used_.load() <= limit_ / 2)
    let_go();
}

void hold::let_go() noexcept {
  if (full_.load() && full_.exchange(false))
    source_->let_go();
}

bool tally::enter(credit& c) {
  bool over = used() > 0 && used() + c.bytes() > limit_;
  auto* source = c.source();
  bool far_over = over && used() + c.bytes() > 2 * limit_;
  if (over && (far_over || !source || !source->can_wait()))
    return false;
  c.count_in(*this);
  if (!over)
    return true;
  {
    std::lock_guard guard{lock_};
    if (std::find(held_up_.begin(), held_up_.end(), source) == held_up_.end()) {
      source->hold_up();
      held_up_.push_back(source);
    }
    full_.store(true);
  }
  // What has left since it was found full, before the flag was there to be seen.
  if (used_.load() <= limit_ / 2)
    let_go();
  return true;
}

void tally::let_go() noexcept {
  std::vector<ledger*> all;
  {
    std::lock_guard guard{lock_};
    full_.store(false);
    all.swap(held_up_);
  }
  for (auto* l : all)
    l->let_go();
}

hold_table::~hold_table() {
  let_go();
  for (auto& [id, h] : holds_)
    h->release();
}

bool hold_table::holds_up() const noexcept {
  return std::any_of(holds_.begin(), holds_.end(), [](auto& e) { return e.second->is_full(); });
}

void hold_table::let_go() noexcept {
  for (auto& [id, h] : holds_)
    h->let_go();
}

hold_table::entry hold_table::enter(credit& c) {
  if (!c)
    return entry::entered;
  auto it = holds_.find(c.source()->id());
  if (it == holds_.end()) {
    // Forget ledgers that have nothing here any more, before the table grows past a handful.
    if (holds_.size() >= 16)
      std::erase_if(holds_, [](auto& e) {
        bool idle = e.second->used() == 0;
        if (idle)
          e.second->release();
        return idle;
      });
    it = holds_.emplace(c.source()->id(), new hold{*c.source()}).first;
  }
  auto& h = *it->second;
  bool over_limit = h.used() > 0 && h.used() + c.bytes() > h.limit();
  if (over_limit && (how_ == over::refuse || !c.source()->can_wait()))
    return entry::refused;
  c.enter(h);
  if (!over_limit)
    return entry::entered;
  h.fill();
  return entry::entered_full;
}

} // namespace ockam
