// SPDX-License-Identifier: Apache-2.0
#include "cli/state/state.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace ockam::state {

result<name_guard> name_guard::acquire(const home& h, std::string_view name) {
  if (auto ok = h.create_nodes_dir(); !ok)
    return std::move(ok).error();
  // Beside the directory of the node, not in it: that one may be deleted meanwhile. No node name has a dot.
  auto path = h.nodes() / ("." + std::string{name} + ".lock");
  while (true) {
    auto fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
      return system_error("cannot open " + path.string(), errno);
    int rc;
    while ((rc = ::flock(fd, LOCK_EX)) != 0 && errno == EINTR) {
    }
    struct stat held{}, there{};
    if (rc == 0 && ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &there) == 0 && held.st_ino == there.st_ino)
      return name_guard{fd, path};
    auto err = errno;
    ::close(fd);
    if (rc != 0)
      return system_error("cannot lock " + path.string(), err);
    // The one before removed the file when it was done: again, with a fresh one.
  }
}

name_guard::name_guard(name_guard&& other) noexcept : fd_{std::exchange(other.fd_, -1)}, path_{std::move(other.path_)} {}

name_guard::~name_guard() {
  if (fd_ < 0)
    return;
  ::unlink(path_.c_str());
  ::close(fd_);
}

} // namespace ockam::state
