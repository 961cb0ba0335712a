// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/pool_mailbox.hpp"

#include <caf/send.hpp>

namespace ockam {

pool_mailbox::pool_mailbox(switchboard& board, net::reactor& reactor, std::chrono::milliseconds stall, address self,
                           distribution d, std::shared_ptr<std::atomic<std::uint64_t>> lost)
  : board_{board}, reactor_{reactor}, stall_{stall}, self_{std::move(self)}, lost_{std::move(lost)}, distribution_{d} {}

pool_mailbox::~pool_mailbox() {
  reactor_.cancel(stall_timer_);
  board_.forget(*this);
}

void pool_mailbox::add(caf::actor actor, std::shared_ptr<worker_stats> stats) {
  hosts_.push_back({std::move(actor), std::move(stats), nullptr});
  ++alive_;
  ++starting_;
}

void pool_mailbox::start() {
  for (auto& h : hosts_)
    caf::anon_send(h.actor, start_atom::value);
}

void pool_mailbox::stop() {
  flush(); // what they have been given already, they still get
  for (auto& h : hosts_)
    if (auto actor = std::exchange(h.actor, nullptr))
      caf::anon_send(actor, stop_atom::value);
}

bool pool_mailbox::ended(std::uint32_t instance) {
  auto& h = hosts_[instance];
  if (std::exchange(h.actor, nullptr))
    --alive_;
  h.gathering.reset();
  return alive_ == 0;
}

pool_mailbox::host& pool_mailbox::choose(const message& m) {
  if (hosts_.size() == 1)
    return hosts_.front();
  auto i = next_;
  if (distribution_ == distribution::key) {
    address_view sender;
    m.header.each_return([&](address_view a) { sender = a; });
    i = address_hash{}(sender) % hosts_.size();
  }
  while (!hosts_[i].actor) // there is one: without any, the address is gone
    i = (i + 1) % hosts_.size();
  next_ = (i + 1) % hosts_.size();
  return hosts_[i];
}

void pool_mailbox::gather(host& h, incoming item) {
  if (!h.gathering) {
    h.gathering = std::make_shared<inbox>();
    h.gathering->lost = lost_;
    board_.flush_later(*this);
  }
  h.gathering->messages.push_back(std::move(item));
}

std::uint64_t pool_mailbox::taken() const noexcept {
  std::int64_t waiting = 0;
  for (const auto& h : hosts_)
    waiting += h.stats->queued.load(std::memory_order_relaxed);
  return given_ - static_cast<std::uint64_t>(std::max<std::int64_t>(0, waiting));
}

void pool_mailbox::watch() {
  if (stall_timer_ != 0)
    return;
  last_taken_ = taken();
  stall_timer_ = reactor_.after(stall_, [this] { check_stall(); });
}

void pool_mailbox::check_stall() {
  stall_timer_ = 0;
  if (!holds_.holds_up())
    return;
  if (taken() != last_taken_)
    return watch();
  stalled_ = true;
  holds_.let_go();
}

void pool_mailbox::receive(message_ptr m) {
  if (stalled_ && taken() == last_taken_)
    return board_.drop(std::move(m), drop_reason::congested, "the worker takes no messages");
  stalled_ = false;
  auto entered = holds_.enter(m->held);
  if (entered == hold_table::entry::refused)
    return board_.drop(std::move(m), drop_reason::congested, "the worker's mailbox is full");
  if (entered == hold_table::entry::entered_full)
    watch();
  ++given_;
  auto& h = choose(*m);
  h.stats->queued.fetch_add(1, std::memory_order_relaxed);
  gather(h, {std::move(m), 0, errc::ok});
}

void pool_mailbox::outcome(std::uint32_t instance, incoming reply) {
  if (hosts_[instance].actor)
    gather(hosts_[instance], std::move(reply));
}

void pool_mailbox::flush() {
  for (auto& h : hosts_)
    if (h.gathering) {
      h.gathering->arrived = worker_stats::clock::now();
      caf::anon_send(h.actor, std::exchange(h.gathering, nullptr));
    }
}

} // namespace ockam
