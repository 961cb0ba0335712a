// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/facility.hpp"
#include "runtime/links/route_maker.hpp"

#include <vector>

namespace ockam {

/// TCP through routes, for `node_parts`: outlets, which open connections to a target, and inlets, which accept those of
/// clients (docs/portals.md). `routes` makes the routes of inlets.
std::vector<facility_factory> portal_facilities(route_maker routes = &make_plain_route);

} // namespace ockam
