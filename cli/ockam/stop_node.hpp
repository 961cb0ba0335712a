// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"

namespace ockam::cli {

/// Ends a node that runs and waits until it is gone: asked over its control socket, then by SIGTERM, then by
/// SIGKILL (at once with `force`). Errors: `unreachable` when it does not run, `timed_out` when it survives.
result<void> stop_node(invocation& in, const state::node_row& row, bool force);

/// The same, where a node that does not run is no error, and its files and its row go too.
result<void> delete_node(invocation& in, const state::node_row& row, bool force);

/// Ends the process of a node that runs, and nothing else: for a database that cannot be used.
result<void> end_node(const state::home& h, const state::node_row& row, bool force = false);

/// A node that lives although its directory (and so its lock) was removed.
bool lost_process(const state::home& h, const state::node_row& row);

} // namespace ockam::cli
