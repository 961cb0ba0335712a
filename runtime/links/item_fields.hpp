// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// Fields of things of facilities (`item_info`) that more than one part knows.
namespace ockam {

/// Figures by reason begin with this, and go on with the reason: `failed_by:reset`.
inline constexpr std::string_view failed_by = "failed_by:";

} // namespace ockam
