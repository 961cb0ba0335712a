// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// `[0-9]+(d|h|m|s|ms)?`, seconds without a unit: `10s`, `500ms`, `2m`, `30`; at most 100 years. Error:
/// `invalid_argument`.
result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// In the largest unit that divides it: `10s`, `500ms`, `2m`.
std::string to_string(std::chrono::milliseconds d);

/// Bytes: `4096`, `64KiB`, `16MiB`, `1GiB` (also `64k`, `16m`, `1g`). Error: `invalid_argument`.
result<std::uint64_t> parse_size(std::string_view text);

/// In the largest unit that divides it: `16MiB`, `100`.
std::string size_text(std::uint64_t bytes);

/// `a, b,c` → a, b and c.
std::vector<std::string> split_list(std::string_view text);

/// A part of a whole: a decimal number from 0 to 1. Error: `invalid_argument`.
result<double> parse_ratio(std::string_view text);

} // namespace ockam
