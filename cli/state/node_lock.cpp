// SPDX-License-Identifier: Apache-2.0
#include "cli/state/state.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <utility>

namespace ockam::state {

result<node_lock> node_lock::acquire(const home& h, std::string_view name) {
  auto path = h.lock_file(name);
  descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!file)
    return system_error("cannot open " + path.string(), errno);
  // Who looks whether the node runs (`held`) has a shared lock for a moment, and must not be taken for it.
  int rc;
  while ((rc = ::flock(file.get(), LOCK_EX | LOCK_NB)) < 0 && errno == EWOULDBLOCK && ::flock(file.get(), LOCK_SH | LOCK_NB) == 0) {
    ::flock(file.get(), LOCK_UN);
    ::sched_yield();
  }
  if (rc == 0)
    return node_lock{std::move(file)};
  auto err = errno;
  if (err == EWOULDBLOCK)
    return error{errc::already_exists, "Node " + std::string{name} + " is already running",
                 "stop it with: ockam node stop " + std::string{name}};
  return system_error("cannot lock " + path.string(), err);
}

bool node_lock::held(const home& h, std::string_view name) {
  descriptor file{::open(h.lock_file(name).c_str(), O_RDONLY | O_CLOEXEC)};
  // A shared lock, so that two who look at the same time do not take each other for the node.
  return file && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0;
}

} // namespace ockam::state
