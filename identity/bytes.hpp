// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ockam::identities {

using bytes = std::vector<std::byte>;
using bytes_view = std::span<const std::byte>;

/// Seconds since 1970, UTC. Nothing here looks at a clock: the time is an argument, so that tests choose it.
using timestamp = std::uint64_t;

/// How far another clock may be ahead of ours: what was made at most this long after now is taken.
inline constexpr timestamp clock_drift = 60;

} // namespace ockam::identities
