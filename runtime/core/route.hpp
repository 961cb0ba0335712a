// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/address.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// Most addresses that one route of a message may have (onward and return are bounded each).
inline constexpr std::size_t max_route_hops = 1024;

/// An ordered list of addresses, first hop first. A plain value for configuration, control and
/// services; messages in flight carry the encoded form (`route_header`).
using route = std::vector<address>;

/// `0#a => 0#b`; the empty route is the empty text.
std::string to_string(const route& r);

/// Reads addresses joined by `=>`, blanks around each ignored. Empty text is the empty route.
/// Errors: those of `parse_address`, and `too_large` past `max_route_hops`.
result<route> parse_route(std::string_view text);

} // namespace ockam
