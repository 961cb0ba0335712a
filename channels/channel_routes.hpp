// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/environment.hpp"
#include "runtime/links/route_maker.hpp"

namespace ockam::channels {

/// `route_maker` of a node with this environment. Socket thread only.
result<made_route> make_route(const environment_ptr& env, const multiaddr& m, const channel_wishes& how);

} // namespace ockam::channels
