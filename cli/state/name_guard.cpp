// SPDX-License-Identifier: Apache-2.0
#include "cli/state/state.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace ockam::state {

namespace {

int wait_for_lock(int fd, int how) {
  int rc;
  while ((rc = ::flock(fd, how)) != 0 && errno == EINTR) {
  }
  return rc;
}

/// Locks the directory of the home itself: that needs no room on a disk, and leaves nothing behind.
result<int> lock_home(const home& h, int how) {
  if (auto ok = h.create(); !ok)
    return std::move(ok).error();
  auto fd = ::open(h.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return system_error("cannot open " + h.root().string(), errno);
  if (wait_for_lock(fd, how) == 0)
    return fd;
  auto err = errno;
  ::close(fd);
  return system_error("cannot lock " + h.root().string(), err);
}

bool has_no_room(int err) {
  return err == ENOSPC || err == EDQUOT || err == EROFS;
}

void close_if_open(int fd) {
  if (fd >= 0)
    ::close(fd);
}

} // namespace

result<name_guard> name_guard::acquire(const home& h, std::string_view name) {
  auto home_fd = lock_home(h, LOCK_SH);
  if (!home_fd)
    return std::move(home_fd).error();
  // Beside the directory of the node, not in it: that one may be deleted meanwhile. No node name has a dot.
  name_guard out{*home_fd, -1, h.nodes() / ("." + std::string{name} + ".lock")};
  if (auto ok = h.create_nodes_dir(); !ok)
    return std::move(ok).error();
  while (true) {
    auto fd = ::open(out.path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 && has_no_room(errno)) { // then one at a time of all nodes
      if (wait_for_lock(out.home_fd_, LOCK_EX) == 0)
        return out;
      return system_error("cannot lock " + h.root().string(), errno);
    }
    if (fd < 0)
      return system_error("cannot open " + out.path_.string(), errno);
    int rc = wait_for_lock(fd, LOCK_EX);
    auto err = errno;
    struct stat held{}, there{};
    if (rc == 0 && ::fstat(fd, &held) == 0 && ::stat(out.path_.c_str(), &there) == 0 && held.st_ino == there.st_ino) {
      out.name_fd_ = fd;
      return out;
    }
    ::close(fd);
    if (rc != 0)
      return system_error("cannot lock " + out.path_.string(), err);
    // The one before removed the file when it was done: again, with a fresh one.
  }
}

name_guard::name_guard(name_guard&& other) noexcept
  : home_fd_{std::exchange(other.home_fd_, -1)}, name_fd_{std::exchange(other.name_fd_, -1)}, path_{std::move(other.path_)} {}

name_guard::~name_guard() {
  if (name_fd_ >= 0)
    ::unlink(path_.c_str());
  close_if_open(name_fd_);
  close_if_open(home_fd_);
}

result<home_guard> home_guard::acquire(const home& h) {
  auto fd = lock_home(h, LOCK_EX);
  if (!fd)
    return std::move(fd).error();
  return home_guard{*fd};
}

home_guard::home_guard(home_guard&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}

home_guard::~home_guard() {
  close_if_open(fd_);
}

} // namespace ockam::state
