// SPDX-License-Identifier: Apache-2.0
#include "cli/state/state.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace ockam::state {

result<node_lock> node_lock::acquire(const home& h, std::string_view name) {
  auto path = h.lock_file(name);
  auto fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return system_error("cannot open " + path.string(), errno);
  // Who looks whether the node runs (`held`) has a shared lock for a moment, and must not be taken for it.
  int rc;
  while ((rc = ::flock(fd, LOCK_EX | LOCK_NB)) < 0 && errno == EWOULDBLOCK && ::flock(fd, LOCK_SH | LOCK_NB) == 0) {
    ::flock(fd, LOCK_UN);
    ::sched_yield();
  }
  if (rc == 0)
    return node_lock{fd};
  auto err = errno;
  ::close(fd);
  if (err == EWOULDBLOCK)
    return error{errc::already_exists, "Node " + std::string{name} + " is already running",
                 "stop it with: ockam node stop " + std::string{name}};
  return system_error("cannot lock " + path.string(), err);
}

bool node_lock::held(const home& h, std::string_view name) {
  auto fd = ::open(h.lock_file(name).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  // A shared lock, so that two who look at the same time do not take each other for the node.
  bool free = ::flock(fd, LOCK_SH | LOCK_NB) == 0;
  ::close(fd);
  return !free;
}

node_lock::node_lock(node_lock&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}

node_lock& node_lock::operator=(node_lock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

node_lock::~node_lock() {
  if (fd_ >= 0)
    ::close(fd_);
}

} // namespace ockam::state
