// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/facility.hpp"

#include <span>

namespace ockam {

/// TCP through routes, for `node_parts`: outlets, which open connections to a target, and inlets, which accept those of
/// clients (docs/portals.md).
std::span<const facility_factory> portal_facilities();

} // namespace ockam
