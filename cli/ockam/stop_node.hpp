// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"

namespace ockam::cli {

/// Ends a node that runs and waits until it is gone: asked over its control socket, then by SIGTERM, then by
/// SIGKILL (at once with `force`). Errors: `not_found`, `unreachable` when it does not run, `timed_out` when it survives.
result<void> stop_node(invocation& in, const std::string& name, bool force);

/// The same, where a node that does not run is no error, and its files and its row go too. Error `not_found` also when
/// somebody else has deleted it meanwhile.
result<void> delete_node(invocation& in, const std::string& name, bool force);

/// Ends the process of a node that runs, and nothing else. Its guard, or that of the home, is held.
result<void> end_node(const state::home& h, const std::string& name, bool force = false);

/// Ends a process: SIGTERM, then SIGKILL. `name`: what it is called when it does not end.
result<void> end_process(const state::process& p, const std::string& name);

} // namespace ockam::cli
