// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"

#include <string>
#include <vector>

/// Finding nodes by name and reaching their control sockets.
namespace ockam::cli {

/// `--at NODE` or `--from NODE`.
option node_option(const std::string& name, const std::string& about);

/// `n1` and `/node/n1` are the same to who types them. Error: `invalid_argument`.
result<std::string> plain_node_name(const std::string& text);

/// What to do when no node is named and there is no default node.
enum class without_default { fail, create };

/// The node that `given` names, or the default node. Only a name: whether it is known shows when it is
/// used. Errors: `invalid_argument`, `not_found` (no default node), those of creating one.
result<std::string> node_or_default(invocation& in, const std::string& given, without_default otherwise = without_default::fail);

/// The row of a node. Error: `not_found` with the nearest name.
result<state::node_row> known_node(invocation& in, const std::string& name);

/// Those that a command was given as NODE…; none: it was given none. Errors: those of `plain_node_name` and `known_node`.
result<std::vector<std::string>> named_nodes(invocation& in);

/// Connects to a node that runs. Errors: `not_found` (no such node; or its directory is gone), `unreachable`
/// (it is stopped or was killed), `timed_out`.
result<control_client> open_node(invocation& in, const std::string& name);

/// `open_node` and one request.
result<control::Response> ask_node(invocation& in, const std::string& name, control::Request request);

} // namespace ockam::cli
