// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/section.hpp"
#include "transports/stream/stream_kind.hpp"

namespace ockam {

/// How to connect to this place as the key `proxy` says: straight, or by way of a proxy. The environment is asked now.
/// Error: `invalid_argument`. Socket thread only.
result<decltype(stream_peer::connect)> connector_by_proxy(const endpoint& to, const option_values& keys);

} // namespace ockam
