// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/control_client.hpp"
#include "cli/state/state.hpp"

#include <string>
#include <vector>

/// Starting the program `ockam-node`.
namespace ockam::cli {

struct started_node {
  int pid = 0;
  std::string tcp_address; ///< of its first listener; empty when it has none
};

/// Where `ockam-node` is: beside this program, else in PATH. Error: `not_found`.
result<std::string> find_node_program();

/// Starts a node in the background, in a session of its own, its output in `nodes/NAME/stderr.log`, and waits until
/// it is ready. Errors: what the node reports when it cannot start, `timed_out` (it is killed then),
/// `internal` when it dies without a word.
result<started_node> launch_in_background(const state::home& h, const std::string& name, const std::vector<std::string>& options,
                                          const deadline& by);

/// Makes this process the node. Returns only in a small process beside it, when the node is ready or has
/// failed (which the node says itself), or here when it cannot be started at all.
result<started_node> become_node(const state::home& h, const std::vector<std::string>& options, bool& announcer);

} // namespace ockam::cli
