// SPDX-License-Identifier: Apache-2.0
#include "portals/end.hpp"

#include "portals/stream.hpp"

#include <algorithm>
#include <vector>

namespace ockam::portal {

bool end::admits(const message& m) const {
  const auto& allow = options.allow;
  return allow.empty() || (m.identity() && std::find(allow.begin(), allow.end(), *m.identity()) != allow.end());
}

void end::close_streams(end_reason why) {
  // Each takes itself out.
  std::vector<stream*> all{streams_.begin(), streams_.end()};
  for (auto* s : all)
    if (streams_.contains(s))
      s->fail(why);
}

std::size_t end::streams_of(std::uint32_t producer) const noexcept {
  return static_cast<std::size_t>(std::count_if(streams_.begin(), streams_.end(), [&](auto* s) { return s->peer_link() == producer; }));
}

} // namespace ockam::portal
