// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"
#include "cli/ockam/node_ini.hpp"

#include <string>

/// Where a relay is to be, as it is typed.
namespace ockam::cli {

/// The route to the relay node without any /node/: `--at` of `relay create`, which may be the name of a node, running
/// or not. `node` is the one that is to be relayed. Errors: `invalid_argument`, `invalid_route`, `not_found`.
result<std::string> resolve_relay_route(invocation& in, const std::string& at, const std::string& node);

/// The same for `[relay …]` sections that come from YAML; `to`, which the reference has there, has to be the node
/// itself.
result<void> resolve_relay_sections(invocation& in, ini_file& ini, const std::string& node);

} // namespace ockam::cli
