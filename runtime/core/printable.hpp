// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace ockam {

/// `printable` (address.hpp) for text of several lines: line feeds and tabs stay.
std::string printable_lines(std::string_view text);

} // namespace ockam
