// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <string>

namespace ockam::lua {

/// Larger ones are no scripts.
inline constexpr std::size_t max_script = 1u << 20;

/// A script as it is now. Errors: `not_found`, `permission_denied`, `io_failure`, `too_large`, with the path.
result<std::string> read_script(const std::string& path);

/// `greeter.lua`: how messages name it.
std::string script_name(const std::string& path);

} // namespace ockam::lua
