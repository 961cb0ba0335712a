// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/snapshot.hpp"

#include <string>
#include <vector>

namespace ockam::operation {

/// Something that the configuration or the operator has asked for, and that does not work now.
struct not_ready {
  std::string kind;   ///< tcp-connection, tcp-inlet, relay, …
  std::string name;
  std::string state;  ///< connecting, waiting, down, …
  std::string reason; ///< why, as far as it is known
};

/// What keeps a node from doing all that it is there for: listeners whose address this host has not, connections that are
/// to last and are not up, inlets and relays that are not up. Empty: it is ready. What somebody at the other end of a
/// listener does has no effect.
std::vector<not_ready> what_is_not_ready(const node_snapshot& s);

} // namespace ockam::operation
