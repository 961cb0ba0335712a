// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"
#include "cli/ockam/launch.hpp"
#include "cli/ockam/node_ini.hpp"

namespace ockam::cli {

struct new_node {
  std::string name;
  ini_file ini;             ///< its complete configuration
  bool foreground = false;
  bool exit_on_eof = false;
  std::optional<std::string> identity = {}; ///< its name; the default one if not given
};

/// Whether the node prints its name itself, in front of its log: in the foreground, where nothing else is printed.
bool says_its_name(const invocation& in, const new_node& n);

/// Writes the configuration and starts the node, with an identity, which is made if it is not there. The name of a stopped or killed node may be used again: its
/// configuration is kept beside the new one, and the user is told so. When the node does not start, everything is as
/// before. Errors: `already_exists`, those of the node (an address in use, a wrong configuration),
/// `permission_denied`, `timed_out`.
result<started_node> create_node(invocation& in, new_node n);

/// Starts a stopped node with its configuration as it is now. Errors: as above; `not_found` when there is no such
/// node, or its files are gone.
result<started_node> restart_node(invocation& in, const std::string& name);

/// Makes a node with a random name, which becomes the default, and returns the name.
result<std::string> create_default_node(invocation& in);

/// Two words that no node has yet.
std::string random_node_name(const state::home& h);

} // namespace ockam::cli
