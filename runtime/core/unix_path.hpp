// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <string>
#include <string_view>

namespace ockam {

/// Checks the path of a Unix socket: absolute, since it is a name that other processes and routes use as
/// well, and at most 107 bytes, which is what the system takes. Returns it. Error: `invalid_address`.
result<std::string> parse_unix_path(std::string_view text);

/// `0660` → the mode of a socket's file; three or four octal digits. Error: `invalid_argument`.
result<unsigned> parse_file_mode(std::string_view text);

} // namespace ockam
