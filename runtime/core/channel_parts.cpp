// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/channel_parts.hpp"

namespace ockam {

using proto = multiaddr_protocol;

std::vector<multiaddr> split_at_channels(const multiaddr& m) {
  std::vector<multiaddr> out(1);
  for (const auto& part : m.parts) {
    bool is_channel = part.protocol == proto::secure;
    out.back().parts.push_back(is_channel ? multiaddr::part{proto::service, part.value} : part);
    if (is_channel)
      out.emplace_back();
  }
  return out;
}

multiaddr without_channels(multiaddr m) {
  for (auto& part : m.parts)
    if (part.protocol == proto::secure)
      part.protocol = proto::service;
  return m;
}

} // namespace ockam
