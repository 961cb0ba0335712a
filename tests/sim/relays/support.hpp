// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "relays/relays.hpp"
#include "services/services.hpp"
#include "sim/support/node.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ockam::sim {

/// What each node has that `ockam-node` runs.
inline const std::vector<service_type>& services_with_relays() {
  static const auto types = [] {
    auto standard = standard_services();
    std::vector<service_type> all{standard.begin(), standard.end()};
    for (const auto& t : relay_services())
      all.push_back(t);
    return all;
  }();
  return types;
}

/// Text as a BARE string.
inline std::string bare_text(std::string_view text) {
  auto body = text_payload(text);
  return {reinterpret_cast<const char*>(body.bytes().data()), body.size()};
}

} // namespace ockam::sim
