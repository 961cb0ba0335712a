// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace ockam::state {

/// The whole file; nothing when it cannot be read.
std::optional<std::string> read_file(const std::filesystem::path& p);

/// Writes all of a file or nothing: into one beside it, which takes its place when it is on the disk. Keeps the mode
/// of one that is there (0600 otherwise), and goes where a symbolic link leads. Errors: those of the system, with the path.
result<void> replace_file(const std::filesystem::path& p, const std::string& text);

/// Moves a file or directory to a name that nothing has; 0, or errno (EEXIST: something has it).
int move_to_free_name(const std::filesystem::path& from, const std::filesystem::path& to);

} // namespace ockam::state
