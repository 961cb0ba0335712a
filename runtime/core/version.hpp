// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace ockam {

/// Of this source tree; `CMakeLists.txt` has the same number.
inline constexpr std::string_view version = "0.1.0";

} // namespace ockam
