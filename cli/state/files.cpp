// SPDX-License-Identifier: Apache-2.0
#include "cli/state/files.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace ockam::state {

namespace {

namespace fs = std::filesystem;

/// Where the file really is.
fs::path target_of(const fs::path& p) {
  std::error_code failed;
  auto real = fs::canonical(p, failed);
  return failed ? p : real;
}

/// 0, or why not.
int write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    auto n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR)
      return errno;
    done += n < 0 ? 0 : static_cast<std::size_t>(n);
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

void sync_directory(const fs::path& p) {
  auto fd = ::open(p.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  ::fsync(fd);
  ::close(fd);
}

} // namespace

std::optional<std::string> read_file(const fs::path& p) {
  std::ifstream in{p};
  if (!in)
    return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

result<void> replace_file(const fs::path& p, const std::string& text) {
  auto target = target_of(p);
  auto fresh = target;
  fresh += ".new";
  auto fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return system_error("cannot write " + fresh.string(), errno);
  if (struct stat before{}; ::stat(target.c_str(), &before) == 0)
    (void)::fchmod(fd, before.st_mode & 07777);
  auto err = write_all(fd, text);
  ::close(fd);
  if (err == 0 && ::rename(fresh.c_str(), target.c_str()) != 0)
    err = errno;
  if (err != 0) {
    ::unlink(fresh.c_str());
    return system_error("cannot write " + target.string(), err);
  }
  sync_directory(target.parent_path());
  return {};
}

int move_to_free_name(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return errno;
  // File systems of networks and of FUSE that cannot do that in one step: take the name with something empty, which a rename
  // replaces.
  struct stat what{};
  if (::lstat(from.c_str(), &what) != 0)
    return errno;
  if (S_ISDIR(what.st_mode)) {
    if (::mkdir(to.c_str(), 0700) != 0)
      return errno;
  } else {
    auto fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
      return errno;
    ::close(fd);
  }
  if (::rename(from.c_str(), to.c_str()) == 0)
    return 0;
  auto err = errno;
  (void)::remove(to.c_str());
  return err;
}

} // namespace ockam::state
