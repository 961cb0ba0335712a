// SPDX-License-Identifier: Apache-2.0
#include "portals/end.hpp"

#include "portals/stream.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace ockam::portal {

bool end::admits(const message& m) const {
  const auto& allow = options.allow;
  return !allow || (m.identity() && std::find(allow->begin(), allow->end(), *m.identity()) != allow->end());
}

void end::close_streams(end_reason why) {
  // Each takes itself out.
  std::vector<stream*> all{streams_.begin(), streams_.end()};
  for (auto* s : all)
    if (streams_.contains(s))
      s->fail(why);
}

void end::add(stream& s) {
  if (streams_.insert(&s).second)
    ++by_peer_[s.peer()];
}

void end::remove(stream& s) {
  if (streams_.erase(&s) > 0)
    one_less_of(s.peer());
}

void end::has_failed(end_reason why, std::string what) {
  ++failed;
  ++failed_by[static_cast<std::size_t>(why)];
  last_failure = std::move(what);
}

void end::moved(const peer_name& from, const peer_name& to) {
  one_less_of(from);
  ++by_peer_[to];
}

void end::one_less_of(const peer_name& peer) noexcept {
  if (auto it = by_peer_.find(peer); it != by_peer_.end() && --it->second == 0)
    by_peer_.erase(it);
}

std::size_t end::streams_of(const peer_name& p) const noexcept {
  auto it = by_peer_.find(p);
  return it == by_peer_.end() ? 0 : it->second;
}

} // namespace ockam::portal
