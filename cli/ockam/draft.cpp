// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/draft.hpp"

#include "cli/ockam/interrupt.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace ockam::cli {

namespace fs = std::filesystem;

namespace {

constexpr int most_tries = 16; ///< each is lost only to somebody who takes the draft away in the moment between its making and its lock

/// `.STEM.XXXXXX`, as mkdtemp makes it.
bool is_name_of_draft(std::string_view name) {
  constexpr std::array<std::string_view, 3> stems{draft_directory::of_backup, draft_directory::of_restore, draft_directory::of_bundle};
  constexpr std::size_t random = 6;
  if (name.size() < random + 3 || name.front() != '.' || name[name.size() - random - 1] != '.')
    return false;
  return std::find(stems.begin(), stems.end(), name.substr(1, name.size() - random - 2)) != stems.end();
}

/// Open and locked; none when somebody else works on it (errno is EWOULDBLOCK), it is no directory of this user, or it is gone.
state::descriptor lock_draft(const fs::path& p) {
  state::descriptor d{::open(p.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  struct stat held {}, there {};
  bool is_ours = d && ::fstat(d.get(), &held) == 0 && held.st_uid == ::geteuid();
  bool is_locked = is_ours && ::flock(d.get(), LOCK_EX | LOCK_NB) == 0;
  auto why = errno;
  bool is_there = is_locked && ::lstat(p.c_str(), &there) == 0 && there.st_ino == held.st_ino && there.st_dev == held.st_dev;
  if (is_there)
    return d;
  d = state::descriptor{};
  errno = is_locked ? ENOENT : why;
  return {};
}

} // namespace

void remove_stale_drafts(const fs::path& directory) {
  std::error_code unseen;
  for (const auto& e : fs::directory_iterator{directory, unseen})
    if (is_name_of_draft(e.path().filename().string()))
      if (auto held = lock_draft(e.path()))
        fs::remove_all(e.path(), unseen);
}

result<draft_directory> draft_directory::make(const fs::path& beside, const std::string& stem) {
  remove_stale_drafts(beside);
  catch_ends();
  for (int i = 0; i < most_tries; ++i) {
    auto form = (beside / ("." + stem + ".XXXXXX")).string();
    if (!::mkdtemp(form.data()))
      return system_error("cannot make a directory in " + beside.string(), errno);
    if (auto lock = lock_draft(form))
      return draft_directory{form, std::move(lock)};
    bool is_taken = errno == EWOULDBLOCK;
    if (struct stat s {}; !is_taken && ::lstat(form.c_str(), &s) == 0) // a file system without locks
      return draft_directory{form, state::descriptor{}};
  }
  return error{errc::io_failure, "cannot make a directory in " + beside.string() + ": somebody takes it away", {}};
}

draft_directory::draft_directory(draft_directory&& other) noexcept : path_{std::exchange(other.path_, {})}, lock_{std::move(other.lock_)} {}

draft_directory::~draft_directory() {
  std::error_code ignored;
  if (!path_.empty())
    fs::remove_all(path_, ignored);
}

result<void> unless_interrupted() {
  return interrupted() ? result<void>{error{errc::closed, "interrupted: nothing was written", {}}} : result<void>{};
}

} // namespace ockam::cli
