// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/connector.hpp"
#include "runtime/links/dialer.hpp"
#include "runtime/links/facility.hpp"
#include "runtime/links/route_maker.hpp"
#include "runtime/links/section_keeper.hpp"
#include "runtime/links/transport_set.hpp"
#include "runtime/workers/service_catalog.hpp"

#include <chrono>
#include <string>

namespace ockam {

/// The parts of a running node, for whoever serves, shows or changes it: control, snapshots, reload. They
/// live as long as the node. Socket thread only.
struct live_parts {
  const node_context& node;
  const service_catalog& services;
  transport_set& transports;
  connector& connections; ///< connections of this node that outlive their links
  dialer& dial;           ///< links that are made because a route names their peer
  facility_set& facilities; ///< what is made by sections of other kinds: outlets, inlets, relays
  const route_maker& routes; ///< makes the channels that a route names
  section_keeper& sections; ///< told of what is made and ended by hand
  std::chrono::steady_clock::time_point since; ///< when the node began to run
  const std::string& http_address;   ///< where the node answers HTTP requests; empty: nowhere
};

} // namespace ockam
