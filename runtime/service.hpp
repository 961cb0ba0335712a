// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/worker.hpp"
#include "runtime/workers.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ockam {

using service_options = std::map<std::string, std::string>;

/// A kind of service that a node can start by name. `main` hands a list of these to the node.
struct service_type {
  std::string_view name;             ///< echo, hop, …; also the default address
  worker_thread thread = worker_thread::socket;
  bool at_start = false;             ///< every node has one
  bool reachable_at_start = false;   ///< … that peers of the first listener may reach
  bool through_connections = false;  ///< peers behind connections of this node may reach it: hops
  /// Makes a worker. Errors: `invalid_argument` for options of the wrong type or name.
  result<std::unique_ptr<worker>> (*make)(const service_options& o);
};

} // namespace ockam
