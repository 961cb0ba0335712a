// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

namespace ockam::cli {

/// How a node is to end.
struct ending {
  bool force = false;                                 ///< killed at once
  std::optional<std::chrono::milliseconds> grace = {}; ///< for what is under way; none: as long as the node gives it
  /// Told when the node does not end at once, having something under way, and how long that may take.
  std::function<void(std::chrono::milliseconds)> waits = {};
  /// Told that it had to be killed, although nobody wanted that, and why: "did not answer".
  std::function<void(std::string_view)> was_killed = {};
};

/// What the command line says of it; who waits is told.
ending ending_of(invocation& in, const std::string& name);

/// Ends a node that runs and waits until it is gone: asked over its control socket, then by SIGTERM, then by
/// SIGKILL. Errors: `not_found`, `unreachable` when it does not run, `timed_out` when it survives.
result<void> stop_node(invocation& in, const std::string& name);

/// The same, where a node that does not run is no error, and its files and its row go too. Error `not_found` also when
/// somebody else has deleted it meanwhile.
result<void> delete_node(invocation& in, const std::string& name);

/// Ends the process of a node that runs, and nothing else. Its guard, or that of the home, is held.
result<void> end_node(const state::home& h, const std::string& name, const ending& how = {});

/// Ends a process: SIGTERM, then SIGKILL. `name`: what it is called when it does not end.
result<void> end_process(const state::process& p, const std::string& name, const ending& how = {});

} // namespace ockam::cli
