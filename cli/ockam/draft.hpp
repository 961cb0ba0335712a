// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/state/descriptor.hpp"
#include "runtime/core/error.hpp"

#include <filesystem>
#include <string>

namespace ockam::cli {

/// A directory (0700) for what is not finished, private keys among it, beside the place that it is for: `.STEM.XXXXXX`. Gone with
/// this value, also when the program is told to end: from the first draft on it hears of that by `interrupted` alone. One that a
/// killed program has left is removed by the next that works beside it. Its lock tells which these are.
class draft_directory {
 public:
  static constexpr const char* of_backup = "ockam-backup";
  static constexpr const char* of_restore = "restore";
  static constexpr const char* of_bundle = "ockam-support";

  /// Errors: those of the system.
  static result<draft_directory> make(const std::filesystem::path& beside, const std::string& stem);
  draft_directory(draft_directory&& other) noexcept;
  draft_directory& operator=(draft_directory&&) = delete;
  ~draft_directory();

  const std::filesystem::path& path() const { return path_; }

 private:
  draft_directory(std::filesystem::path path, state::descriptor lock) : path_{std::move(path)}, lock_{std::move(lock)} {}

  std::filesystem::path path_;
  state::descriptor lock_;
};

/// Removes drafts of this user in a directory that no program works on.
void remove_stale_drafts(const std::filesystem::path& directory);

/// What a command that was told to end says, and nothing when it was not.
result<void> unless_interrupted();

} // namespace ockam::cli
