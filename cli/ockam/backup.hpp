// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/state/state.hpp"
#include "runtime/core/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// The state of a home in one file, and back. What is in it: the database, vaults as they are (sealed ones stay sealed),
/// histories of identities, the files of nodes but for logs and sockets, and files of the home that configurations of nodes name.
namespace ockam::cli {

/// What a restore has replaced is in a directory of the home that is called so, and by the time.
inline constexpr const char* moved_aside_prefix = "before-restore-";

struct backup_report {
  std::filesystem::path file;
  std::vector<std::string> nodes;
  std::size_t files = 0;
  std::vector<std::string> left_out;  ///< what the home has elsewhere: vaults, configurations, files that these name
  std::filesystem::path moved_aside = {}; ///< of a restore: where what was there before is now
};

/// Everything as it is at one moment; nodes go on, and no other command changes the home meanwhile. Errors:
/// `already_exists` unless it may be replaced, `closed` when the program is told to end, those of the system.
result<backup_report> create_backup(const state::home& h, state::database& db, const std::filesystem::path& to, bool may_replace);

/// Puts it into a home in which there is nothing, nor a file of a name that the backup has; or, with `replaces`, in place of what
/// there is, which is moved aside, vaults of any name with the database that knows them. All or nothing. Paths in it that lie in the home that it was made of lie in this one afterwards. Errors: `not_found`, `already_exists`,
/// `invalid_argument` (no backup, or one that is damaged), `unsupported` (made by a newer version), those of the system.
result<backup_report> restore_backup(const state::home& h, const std::filesystem::path& from, bool replaces);

} // namespace ockam::cli
