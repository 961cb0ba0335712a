// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"
#include "cli/ockam/routes.hpp"

#include <string>

namespace ockam::cli {

/// Where something that follows a route starts.
struct origin {
  std::string node;
  std::string route; ///< text of a multiaddr without /node/
};

/// A script whose first half printed nothing means no worker, and no node, least of all the default one: no route whose `-` got
/// nothing is used. Error: `invalid_route`.
result<void> refuse_empty_pipe(const invocation& in);

/// `--to ROUTE` and `--from NODE` as every command that sends takes them: node names are looked up, a
/// route that names no node first starts at the default node, which is created if there is none. Errors:
/// `invalid_route`, `not_found`, `unreachable` (a node of the route does not run).
result<origin> resolve_route(invocation& in, const std::string& to, const std::string& from);

/// Whether a node has to run to have an address; one that is stopped comes back at the same.
enum class whether_it_runs { has_to, does_not_matter };

/// Where a node listens over TCP. Errors: `not_found`, `unreachable`.
result<std::string> tcp_address_of(invocation& in, const std::string& name, whether_it_runs runs);
/// The same for a route that `node` is to follow, now and later: as text without /node/. Errors: as above.
result<std::string> resolve_route_of(invocation& in, const std::string& to, const std::string& node);

} // namespace ockam::cli
