// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// Lower-case hex digits, two for each byte.
std::string to_hex(std::span<const std::byte> bytes);

/// Reads hex digits of either case. Errors: `invalid_argument` with the words of the reference: "Odd
/// number of digits", "Invalid character 'x' at position 0".
result<std::vector<std::byte>> parse_hex(std::string_view text);

} // namespace ockam
