// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/facility.hpp"
#include "runtime/links/route_maker.hpp"
#include "runtime/workers/service_type.hpp"

#include <span>

namespace ockam {

/// The relay service, for `node_parts`; every node has it. `forwarding_service` gets a name as a BARE string: it makes the
/// worker `forward_to_NAME`, which passes what it gets to whoever has asked, and answers with its address.
/// `static_forwarding_service` is another name of it, which the reference uses.
std::span<const service_type> relay_services();

/// The relays by which others reach this node, `[relay NAME]`: names at other nodes that it asks for, and keeps. For
/// `node_parts`. `routes`: makes the channels that the way to one goes through.
facility_factory make_relays(route_maker routes = &make_plain_route);

} // namespace ockam
