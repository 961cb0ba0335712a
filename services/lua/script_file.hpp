// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <string>

namespace ockam::lua {

/// Larger ones are no scripts.
inline constexpr std::size_t max_script = 1u << 20;

/// A script as it is now. Errors: `not_found`, `permission_denied`, `io_failure`, `too_large`, with the path.
result<std::string> read_script(const std::string& path);

/// The file that a script in `folder` means by `name`: in that folder or below, also after links have been followed.
/// Error: `permission_denied`, `not_found`.
result<std::string> script_below(const std::string& folder, const std::string& name);

/// `greeter.lua`: how messages name it.
std::string script_name(const std::string& path);

} // namespace ockam::lua
