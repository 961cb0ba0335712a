// SPDX-License-Identifier: Apache-2.0
#include "channels/origin.hpp"

#include "runtime/core/shared_link.hpp"

#include <algorithm>

namespace ockam::channels {

namespace {

template <class Counts, class Key>
std::size_t count(const Counts& in, const Key& of) {
  auto it = in.find(of);
  return it == in.end() ? 0 : it->second;
}

template <class Counts, class Key>
void take_one(Counts& in, const Key& of) {
  if (auto it = in.find(of); it != in.end() && --it->second == 0)
    in.erase(it);
}

bool has_less(const auto& l, const auto& r) { return l.second < r.second; }

} // namespace

origin origin_of(const switchboard& board, const message& m) {
  origin out{m.source().producer};
  if (auto peer = peer_on_shared_link(board, m); !peer.name.empty())
    out.peer = to_string(peer);
  return out;
}

void shares::add(const origin& o) {
  ++by_origin_[o];
  ++by_flow_[o.flow];
}

void shares::take(const origin& o) {
  take_one(by_origin_, o);
  take_one(by_flow_, o.flow);
}

std::size_t shares::of(const origin& o) const { return count(by_origin_, o); }
std::size_t shares::of_flow(std::uint32_t flow) const { return count(by_flow_, flow); }

std::optional<std::uint32_t> shares::largest_flow() const {
  auto it = std::max_element(by_flow_.begin(), by_flow_.end(), [](auto& l, auto& r) { return has_less(l, r); });
  return it == by_flow_.end() ? std::nullopt : std::optional{it->first};
}

std::optional<origin> shares::largest_in(std::uint32_t flow) const {
  auto of_flow = [flow](const auto& one) { return one.first.flow == flow; };
  auto from = by_origin_.lower_bound(origin{flow}), to = std::find_if_not(from, by_origin_.end(), of_flow);
  auto it = std::max_element(from, to, [](auto& l, auto& r) { return has_less(l, r); });
  return it == to ? std::nullopt : std::optional{it->first};
}

} // namespace ockam::channels
