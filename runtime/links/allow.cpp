// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/allow.hpp"

#include "runtime/core/log.hpp"

namespace ockam {

bool take_services(listen_options& o) {
  bool silent = o.allow.empty();
  bool said = std::erase(o.allow, "services") > 0;
  return said || (o.first && silent);
}

void allow_workers(switchboard& board, std::uint32_t flow, const std::vector<std::string>& workers,
                   std::string_view transport) {
  for (const auto& w : workers)
    if (address a{w}; !board.allow(flow, a))
      log(level::warn, transport, "allow: there is no worker at " + to_string(a) + " yet");
}

} // namespace ockam
