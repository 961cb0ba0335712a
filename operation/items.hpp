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

/// What an operator knows a lasting connection by: the name of its section, which is its worker address, or the random
/// one of a connection that was made at the prompt.
inline std::string connection_name(const link_info& l) {
  return l.worker_address.starts_with("0#") ? l.worker_address.substr(2) : l.worker_address;
}

} // namespace ockam::operation
