// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/snapshot.hpp"

#include <string>
#include <string_view>

namespace ockam::operation {

/// The value of a field; empty when there is none.
inline std::string_view field(const item_info& item, std::string_view name) {
  for (const auto& [key, value] : item.fields)
    if (key == name)
      return value;
  return {};
}

/// The relay of this node that a connection belongs to (its field `connection`); null: it belongs to none.
inline const item_info* relay_of(const node_snapshot& s, const link_info& l) {
  if (l.lasting && !l.worker_address.empty())
    for (const auto& [kind, item] : s.items)
      if (kind == "relay" && field(item, "connection") == l.worker_address)
        return &item;
  return nullptr;
}

/// What an operator knows a lasting connection by: the name of its section, which is its worker address, or the random
/// one of a connection that was made at the prompt.
inline std::string connection_name(const link_info& l) {
  return l.worker_address.starts_with("0#") ? l.worker_address.substr(2) : l.worker_address;
}

/// What people know a link by; empty: somebody has connected, or a route has made it, and it has no name.
inline std::string link_name(const node_snapshot& s, const link_info& l) {
  if (const auto* relay = relay_of(s, l))
    return "relay " + relay->name;
  return l.lasting ? connection_name(l) : std::string{};
}

} // namespace ockam::operation
