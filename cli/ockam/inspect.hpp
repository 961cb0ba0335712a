// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"

namespace ockam::cli {

/// What can be found out about a node: its row, its state, and what it says itself when it runs.
struct inspected_node {
  state::node_row row;
  state::node_status status = state::node_status::stopped;
  std::optional<control::NodeInfo> info; ///< also missing when it runs but does not answer
  std::optional<error> silent;           ///< why it did not answer although it runs
  std::optional<std::string> identity = {}; ///< its name

  /// Error: it runs but did not answer, so that what is shown is not all.
  result<void> heard() const;
  json data() const;
  std::string page() const;
};

/// A node that runs but does not answer is shown without its own part.
inspected_node inspect(invocation& in, state::node_row row);

/// All nodes of the database.
result<std::vector<inspected_node>> inspect_all(invocation& in);

} // namespace ockam::cli
