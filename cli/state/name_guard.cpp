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
result<descriptor> lock_home(const home& h, int how) {
  if (auto ok = h.create(); !ok)
    return std::move(ok).error();
  descriptor home{::open(h.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!home)
    return home_error("cannot open " + h.root().string(), errno, h.root());
  if (wait_for_lock(home.get(), how) != 0)
    return system_error("cannot lock " + h.root().string(), errno);
  return home;
}

bool has_no_room(int err) {
  return err == ENOSPC || err == EDQUOT || err == EROFS;
}

} // namespace

result<name_guard> name_guard::acquire(const home& h, std::string_view name) {
  auto home = lock_home(h, LOCK_SH);
  if (!home)
    return std::move(home).error();
  // Beside the directory of the node, not in it: that one may be deleted meanwhile. No node name has a dot.
  name_guard out{*std::move(home), h.nodes() / ("." + std::string{name} + ".lock")};
  if (auto ok = h.create_nodes_dir(); !ok)
    return std::move(ok).error();
  while (true) {
    descriptor file{::open(out.path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (!file && has_no_room(errno)) { // then one at a time of all nodes
      if (wait_for_lock(out.home_.get(), LOCK_EX) == 0)
        return out;
      return system_error("cannot lock " + h.root().string(), errno);
    }
    if (!file)
      return home_error("cannot open " + out.path_.string(), errno, out.path_);
    int rc = wait_for_lock(file.get(), LOCK_EX);
    auto err = errno;
    struct stat held{}, there{};
    if (rc == 0 && ::fstat(file.get(), &held) == 0 && ::stat(out.path_.c_str(), &there) == 0 && held.st_ino == there.st_ino) {
      out.name_ = std::move(file);
      return out;
    }
    if (rc != 0)
      return system_error("cannot lock " + out.path_.string(), err);
    // The one before removed the file when it was done: again, with a fresh one.
  }
}

name_guard::~name_guard() {
  if (name_)
    ::unlink(path_.c_str());
}

/// The lock is on the directory, as that of the home: it needs no room, and leaves nothing behind.
result<keys_guard> keys_guard::lock(const home& h, descriptor home) {
  if (auto ok = h.create_identities_dir(); !ok)
    return std::move(ok).error();
  descriptor keys{::open(h.identities().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!keys)
    return home_error("cannot open " + h.identities().string(), errno, h.identities());
  if (wait_for_lock(keys.get(), LOCK_EX) != 0)
    return system_error("cannot lock " + h.identities().string(), errno);
  return keys_guard{std::move(home), std::move(keys)};
}

result<keys_guard> keys_guard::acquire(const home& h) {
  auto home = lock_home(h, LOCK_SH);
  if (!home)
    return std::move(home).error();
  return lock(h, *std::move(home));
}

result<keys_guard> keys_guard::acquire(const home& h, const name_guard&) {
  return lock(h, descriptor{});
}

result<home_guard> home_guard::acquire(const home& h) {
  auto home = lock_home(h, LOCK_EX);
  if (!home)
    return std::move(home).error();
  return home_guard{*std::move(home)};
}

} // namespace ockam::state
