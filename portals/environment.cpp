// SPDX-License-Identifier: Apache-2.0
#include "portals/environment.hpp"

#include "portals/stream.hpp"

#include <vector>

namespace ockam::portal {

environment::environment(const node_context& n) : node{n}, hostile{n.limits.log_interval} {}

environment::~environment() {
  *alive_ = false;
  node.reactor.cancel(timer_);
}

std::byte* environment::block() {
  if (!block_)
    block_ = std::make_unique_for_overwrite<std::byte[]>(block_size);
  return block_.get();
}

void environment::add(stream& s) {
  streams_.emplace(s.ledger_id(), &s);
  if (timer_ == 0)
    timer_ = node.reactor.after(tick_period, [this] { tick(); });
}

void environment::remove(stream& s) {
  streams_.erase(s.ledger_id());
}

void environment::budget_available(std::uint64_t ledger_id) noexcept {
  node.reactor.post([this, alive = alive_, ledger_id] {
    if (!*alive)
      return;
    if (auto it = streams_.find(ledger_id); it != streams_.end())
      it->second->resume();
  });
}

void environment::tick() {
  timer_ = 0;
  // Streams may end meanwhile.
  std::vector<std::uint64_t> all;
  all.reserve(streams_.size());
  for (const auto& [id, s] : streams_)
    all.push_back(id);
  for (auto id : all)
    if (auto it = streams_.find(id); it != streams_.end())
      it->second->tick();
  if (!streams_.empty())
    timer_ = node.reactor.after(tick_period, [this] { tick(); });
}

} // namespace ockam::portal
