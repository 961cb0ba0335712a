// SPDX-License-Identifier: Apache-2.0
#include "operation/readiness.hpp"

#include "operation/items.hpp"

namespace ockam::operation {

std::vector<not_ready> what_is_not_ready(const node_snapshot& s) {
  std::vector<not_ready> out;
  for (const auto& l : s.late)
    out.push_back({l.transport + "-listener", l.name.empty() ? l.socket_address : l.name, "waiting", l.last_error});
  for (const auto& l : s.links)
    if (l.lasting && l.state != "up" && !relay_of(s, l)) // that says it of itself
      out.push_back({l.transport + "-connection", connection_name(l), l.state, l.last_error});
  for (const auto& [kind, item] : s.items)
    if (auto state = field(item, "state"); !state.empty() && state != "up")
      out.push_back({kind, item.name, std::string{state}, std::string{field(item, "reason")}});
  return out;
}

} // namespace ockam::operation
