// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/live_parts.hpp"

#include <string>
#include <vector>

namespace ockam {

/// Who may reach a worker, and where it may send, in words for people.
struct reach {
  std::vector<std::string> by;         ///< whose messages get to it; begins with this node's own workers
  std::vector<std::string> takes_from; ///< its own rule beside that (`access_control`); empty: it takes all of those
  std::vector<std::string> sends_to;   ///< where it may send, as `allow-to` says; empty: anywhere
  bool opens_node = false;             ///< others reach it, and through it every worker of this node: a hop
};

/// Looks at all links when a connection has been given the worker: milliseconds with thousands. Socket thread only.
reach reach_of(const live_parts& n, const worker_entry& e);

} // namespace ockam
