// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/node/config.hpp"
#include "runtime/links/connector.hpp"
#include "runtime/links/dialer.hpp"
#include "runtime/workers/service_type.hpp"
#include "runtime/links/transport.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ockam {

/// What control serves: the parts of a running node. Lives as long as the node.
struct node_services {
  const node_config& config;
  ockam::workers& workers;
  memory& budget;
  ledger& local_budget;     ///< messages that start in this node are charged here
  well_known_flows& flows;
  std::vector<std::unique_ptr<transport>>& transports;
  connector& connections_made; ///< connections of this node that outlive their links
  dialer& dial;                ///< links that are made because a route names their peer
  std::span<const service_type> service_types;
  std::size_t& connections;
  std::function<std::uint64_t()> lost;   ///< messages lost with pool workers
  std::function<void()> request_stop;
};

/// The service types and the transports by name, for everything that names them. Errors: `not_found`
/// with the nearest name.
result<transport*> find_transport(node_services& n, std::string_view name);

/// Starts a service of `type` at `where` (empty: the type's own name), reachable for peers as its type
/// says. Starting the type's default address by name claims the one that the node started itself. `done`
/// is called once: at once for a service on the socket thread, later for one on the pool. Errors:
/// `not_found` (type), `already_exists`, `invalid_argument` (options), those of `workers::start`.
using service_started = std::function<void(result<address>)>;
void start_service(const node_services& n, std::string_view type, std::string where, service_options options,
                   bool by_name, service_started done);

/// Whether peers of the node's first listener may reach the worker.
bool is_reachable(const node_services& n, const worker_entry& e);

/// CONTROL: the worker that serves the command line on the node's Unix socket. Each connection carries
/// any number of requests; each is answered when it is ready, so one slow request delays no other.
/// Connections of other users are refused.
///
/// | request             | answer                                                              |
/// |---------------------|---------------------------------------------------------------------|
/// | see `control.proto` | the Response of the same name, or Error (`ockam::errc`)              |
std::unique_ptr<worker> make_control(node_services n, const std::string& socket_path);

} // namespace ockam
