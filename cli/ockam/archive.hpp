// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/draft.hpp"
#include "runtime/core/error.hpp"

#include <filesystem>
#include <string>

namespace ockam::cli {

/// A directory that is to become one `.tar.gz`, made beside that file, so that nothing of it is ever elsewhere. It and what is
/// in it are for its owner alone. Gone with this value.
class archive_draft {
 public:
  /// `name` is that of the one directory in the archive, `stem` that of the draft. Errors: those of the system.
  static result<archive_draft> make(const std::filesystem::path& file, const std::string& name, const std::string& stem);

  /// Where things are put.
  std::filesystem::path directory() const { return draft_.path() / name_; }
  /// A file of this text, in directories that are made. Errors: those of the system.
  result<void> add(const std::filesystem::path& name, const std::string& text) const;
  /// Makes the archive (0600), at once. Errors also: `already_exists`, unless it may be replaced; `closed`, the program was told to end.
  result<void> finish(bool may_replace) const;

 private:
  archive_draft(std::filesystem::path file, draft_directory draft, std::string name)
    : file_{std::move(file)}, draft_{std::move(draft)}, name_{std::move(name)} {}

  std::filesystem::path file_;
  draft_directory draft_;
  std::string name_;
};

/// Takes an archive apart, into a directory that is there. Error: `invalid_argument` when it is none.
result<void> unpack(const std::filesystem::path& archive, const std::filesystem::path& into);

/// Now, in UTC, as names of files may have it: `2026-11-30T13-45-00Z`.
std::string time_of_archive();

/// The SHA-256 of a text in hex.
std::string sha256_hex(const std::string& text);

} // namespace ockam::cli
