// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace ockam {

/// The path of a file below tests/data. Only this library knows where the sources are: what is compiled with a path of
/// this checkout is found in no compiler cache by another one.
std::string test_data(std::string_view name);

} // namespace ockam
