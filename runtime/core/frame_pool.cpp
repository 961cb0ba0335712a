// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/frame_pool.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace ockam {

namespace {

/// Whose memory it is. All processes of this host, which come by Unix sockets, are one.
ip_endpoint host_of_peer(std::string_view address) {
  auto at = parse_ip_endpoint(address);
  return at ? host_of(*at) : ip_endpoint{};
}

} // namespace

frame_pool::frame_pool(memory& m, std::size_t largest, switchboard& board) : memory_{m}, largest_{largest}, board_{board} {
  node_.limit = m.limit() / 4;
}

frame_pool::~frame_pool() {
  board_.forget(*this);
}

/// The widest cap that has no room for so many bytes more.
frame_pool::scope* frame_pool::full_for(const share& s, std::size_t n) noexcept {
  auto own = share::capped(s.bytes_);
  auto more = share::capped(s.bytes_ + n) - own;
  if (more == 0)
    return nullptr;
  if (memory_.used() + n > memory_.limit())
    return &node_;
  for (auto* cap : {&node_, s.listener_, s.host_})
    if (cap->used != own && cap->used + more > cap->limit)
      return cap;
  return nullptr;
}

/// Whether it may have the loan. When memory is full, what has come in by a loan stays for as long as its receiver needs
/// it: the next one waits.
bool frame_pool::may_lend(const share& s, clock::time_point now) const noexcept {
  if (now - lent_at_ >= loan_time)
    return true;
  bool its_turn = waiting_.empty() || told_ == &s;
  return !loan_ && its_turn && memory_.used() < memory_.limit() + largest_;
}

void frame_pool::look_again() {
  if (!waiting_.empty())
    board_.flush_later(*this);
}

/// First those for whom there is room now. Then the loan, by turns to who waits longest and to who wants least: a
/// small frame does not wait for all the large ones, and no large one waits for ever.
void frame_pool::flush() {
  sweeping_.swap(waiting_);
  for (std::size_t i = 0; i < sweeping_.size(); ++i)
    if (auto* s = sweeping_[i])
      full_for(*s, s->wanted_) ? waiting_.push_back(s) : tell(*s);
  sweeping_.clear();
  if (loan_ || waiting_.empty())
    return;
  auto next = waiting_.begin();
  if (std::exchange(least_is_next_, !least_is_next_))
    next = std::min_element(next, waiting_.end(), [](auto* l, auto* r) { return l->wanted_ < r->wanted_; });
  auto* chosen = *next;
  waiting_.erase(next);
  tell(*chosen);
}

void frame_pool::tell(share& s) {
  s.blocked_by_ = nullptr;
  told_ = &s;
  s.owner_.frame_memory_available();
  told_ = nullptr;
}

// -- share -------------------------------------------------------------------------------------------

frame_pool::share::share(origin from, std::string_view peer, waiter& owner)
  : pool_{from.pool}, listener_{&pool_.listeners_[from.listener]}, listener_id_{from.listener}, host_id_{host_of_peer(peer)}, owner_{owner} {
  host_ = &pool_.hosts_[host_id_];
  listener_->limit = pool_.node_.limit / 2;
  host_->limit = pool_.node_.limit / 4;
  ++listener_->shares;
  ++host_->shares;
}

frame_pool::share::~share() {
  give_back(bytes_);
  step_back();
  if (--listener_->shares == 0)
    pool_.listeners_.erase(listener_id_);
  if (--host_->shares == 0)
    pool_.hosts_.erase(host_id_);
}

bool frame_pool::share::take(std::size_t n, clock::time_point now) {
  auto* full = pool_.loan_ == this ? nullptr : pool_.full_for(*this, n);
  if (full && pool_.may_lend(*this, now)) {
    pool_.loan_ = this;
    pool_.lent_at_ = now;
    full = nullptr;
  }
  if (!full) {
    step_aside();
    take_anyway(n);
    return true;
  }
  wanted_ = n;
  if (!std::exchange(blocked_by_, full))
    pool_.waiting_.push_back(this);
  return false;
}

void frame_pool::share::take_anyway(std::size_t n) noexcept {
  auto more = capped(bytes_ + n) - capped(bytes_);
  for (auto* cap : {&pool_.node_, listener_, host_})
    cap->used += more;
  bytes_ += n;
  pool_.bytes_ += n;
  pool_.memory_.add(n);
}

void frame_pool::share::give_back(std::size_t n) noexcept {
  if (n == 0)
    return;
  auto less = capped(bytes_) - capped(bytes_ - n);
  for (auto* cap : {&pool_.node_, listener_, host_})
    cap->used -= less;
  bytes_ -= n;
  pool_.bytes_ -= n;
  pool_.memory_.sub(n);
  if (bytes_ == 0 && pool_.loan_ == this)
    pool_.loan_ = nullptr;
  pool_.look_again();
}

std::size_t frame_pool::share::room() const noexcept {
  if (pool_.memory_.used() >= pool_.memory_.limit())
    return 0;
  auto least = pool_.memory_.limit() - pool_.memory_.used();
  auto own = capped(bytes_);
  for (const scope* cap : std::initializer_list<const scope*>{&pool_.node_, listener_, host_})
    if (cap->used != own)
      least = std::min(least, cap->used < cap->limit ? cap->limit - cap->used : 0);
  return least + (free_of_caps - std::min(free_of_caps, bytes_));
}

void frame_pool::share::step_back() noexcept {
  step_aside();
  if (pool_.loan_ == this) {
    pool_.loan_ = nullptr;
    pool_.look_again();
  }
}

/// Waits no longer.
void frame_pool::share::step_aside() noexcept {
  if (!std::exchange(blocked_by_, nullptr))
    return;
  std::erase(pool_.waiting_, this);
  std::replace(pool_.sweeping_.begin(), pool_.sweeping_.end(), this, static_cast<share*>(nullptr));
}

bool frame_pool::share::is_wasted(std::size_t arrived, clock::duration since) const noexcept {
  return since >= check_time && arrived < least_arrival && others_wait();
}

bool frame_pool::share::others_wait() const noexcept {
  if (capped(bytes_) == 0)
    return false;
  return std::any_of(pool_.waiting_.begin(), pool_.waiting_.end(), [this](const share* s) {
    return s != this && (s->blocked_by_ == &pool_.node_ || s->blocked_by_ == listener_ || s->blocked_by_ == host_);
  });
}

} // namespace ockam
