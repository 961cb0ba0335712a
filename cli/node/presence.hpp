// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/node/options.hpp"
#include "cli/state/state.hpp"
#include "runtime/links/transport.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// The part of a node that outlives it: directory, lock, row in the database.
struct presence {
  /// While it starts, unless whoever starts it has that.
  std::optional<state::name_guard> guard;
  state::home home;
  state::node_lock lock;
  state::database database;
};

/// Takes the place of this node below OCKAM_HOME; nothing with `--no-state`.
result<std::optional<presence>> enter(node_options& o);

/// Where the first listener of TCP is, for lists of nodes; empty: there is none.
std::string first_tcp(const std::vector<listener_info>& listeners);

/// Says it to whoever reads there; nothing to one that reads nothing, which must not hold up the node.
void write_if_read(int fd, std::string_view text);

} // namespace ockam
