// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/credit.hpp"
#include "runtime/core/frame_pool.hpp"
#include "runtime/core/limits.hpp"
#include "runtime/core/switchboard.hpp"
#include "runtime/net/reactor.hpp"
#include "runtime/workers/workers.hpp"

#include <cstdint>

namespace ockam {

/// Flow control ids of the node that many links share (docs/protocol.md, Flow control ids). Their consumers are
/// services, by what they are; never what one listener or connection allows.
struct well_known_flows {
  std::uint32_t services = 0; ///< of listeners that admit `services`: echo, uppercase, services by name
  std::uint32_t outgoing = 0; ///< of connections made by this node: hops started by name
};

/// What every part of a node works with, transports, connections, control and the services that need more
/// than messages (a socket, workers of their own, a flow control id). No part reaches around it. Lives as
/// long as the node; socket thread only.
struct node_context {
  ockam::workers& workers;      ///< starts, ends and names workers
  switchboard& board;           ///< hands messages over; has the flow control ids (`flows()`)
  net::reactor& reactor;        ///< sockets, timers, and what runs later
  ockam::memory& memory;        ///< the budget of the node, for whoever lets bytes in
  frame_pool& frames;           ///< the part of it for frames that have come in half
  ledger& local_budget;         ///< messages that begin in this node, of whoever has no budget of its own, are charged here
  ledger& control_budget;       ///< those of the command line: beside the budget of the node, so that it works when that is full
  const ockam::limits& limits;
  const well_known_flows& flows;
};

} // namespace ockam
