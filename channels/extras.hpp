// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/bytes.hpp"
#include "runtime/core/route_header.hpp"

#include <cstddef>

namespace ockam::channels {

/// Largest encoding of what a header says beside its routes: a report with all of its texts.
inline constexpr std::size_t most_extras = 2048;

/// What a header says beside its routes, as it is encoded between nodes of this implementation: hop budget, flags,
/// reports, the trace. It travels as the padding. Writes at most `most_extras` bytes at `out`; returns how many.
std::size_t write_extras(const route_header& of, std::byte* out);

/// What the other end's header said. False, and nothing is changed, when it is nothing that we write. `bad_trace` as in
/// `route_header::decode`.
bool read_extras(identities::bytes_view padding, route_header& to, bool* bad_trace);

} // namespace ockam::channels
