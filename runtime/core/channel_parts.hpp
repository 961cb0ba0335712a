// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/multiaddr.hpp"
#include "runtime/core/section.hpp"

#include <vector>

/// Secure channels in a route as people write it. `/secure/NAME` is a channel with the listener NAME, which the way so far
/// leads to; what follows goes through it. Plain functions, any thread.
namespace ockam {

/// Of a section whose things make channels, or let them begin.
inline constexpr key_descriptor channel_identity_key{
  .name = "identity", .about = "who this node is in its channels: the name of a section [channel-identity]; its own identity if not given", .value = "NAME"};

/// The parts of a route between its channels: each but the last ends at the listener of one, as `/service/NAME`. A route
/// without any is one part.
std::vector<multiaddr> split_at_channels(const multiaddr& m);

/// The same route without channels, `/service/NAME` in the place of `/secure/NAME`: to check it without making any.
multiaddr without_channels(multiaddr m);

} // namespace ockam
