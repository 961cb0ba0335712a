// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <chrono>
#include <string>

namespace ockam::operation {

/// Asks the node behind a control socket to trace a route, and gives what it found as JSON: `hops`, each with `number`,
/// `address`, `node`, `type`, `round_trip_us` and `held_us`; `outcome` (answered, arrived, died, silent), `round_trip_us`, and
/// of one that died `address`, `node`, `reason` and `detail`. Blocks, at most so long. Errors: those of the node, `io_failure`.
result<std::string> trace_json(const std::string& control_socket, const std::string& route, std::chrono::milliseconds within);

} // namespace ockam::operation
