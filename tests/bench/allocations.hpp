// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ockam::bench {

/// Calls of `operator new` in this program so far. Thread: any.
std::uint64_t allocations() noexcept;

} // namespace ockam::bench
