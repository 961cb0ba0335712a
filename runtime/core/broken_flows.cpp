// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/broken_flows.hpp"

namespace ockam {

namespace {

/// Spreads the bits of a hash, so that parts can be combined in order.
std::uint64_t mix(std::uint64_t h, std::uint64_t more) noexcept {
  h ^= more + 0x9e3779b97f4a7c15 + (h << 6) + (h >> 2);
  return h;
}

} // namespace

std::uint64_t broken_flows::key_of(const message& m) {
  std::uint64_t h = m.held.source() ? m.held.source()->id() : 0;
  bool next_hop = true;
  m.header.each_onward([&](address_view a) {
    if (!std::exchange(next_hop, false))
      h = mix(h, address_hash{}(a));
  });
  address_view sender;
  m.header.each_return([&](address_view a) { sender = a; });
  return mix(h, address_hash{}(sender));
}

bool broken_flows::has(std::uint64_t key, clock::time_point now) {
  forget(now);
  return until_.contains(key);
}

bool broken_flows::add(std::uint64_t key, clock::time_point now) {
  forget(now);
  if (!until_.emplace(key, now + remembered).second)
    return false;
  order_.push_back(key);
  if (order_.size() > most) {
    until_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

void broken_flows::forget(clock::time_point now) {
  while (!order_.empty() && until_.at(order_.front()) <= now) {
    until_.erase(order_.front());
    order_.pop_front();
  }
}

} // namespace ockam
