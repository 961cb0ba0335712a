// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <cstdint>
#include <string>
#include <sys/types.h>

/// Unix sockets as the system offers them, as plain functions. Thread: any.
namespace ockam {

/// A listening Unix socket and its file, which is removed with it unless somebody else's stands there now.
struct unix_listener {
  int fd = -1;
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;

  /// While `fd` is open: only then the inode number is certain to be this file's.
  void remove_file() const noexcept;
};

/// Listens at `path`, whose file gets `mode`. A socket there that nobody listens on, left by a process that
/// was killed, is replaced. Expects a umask of 0077, so that nobody else gets in before the mode is set.
/// Errors: `address_in_use` (somebody listens), `already_exists` (a file of another kind),
/// `permission_denied`, `invalid_address` (the path is too long), `io_failure`.
result<unix_listener> listen_unix(const std::string& path, unsigned mode);

/// What became of one attempt to connect: a Unix socket connects at once or not at all.
struct unix_attempt {
  int fd = -1;
  int err = 0; ///< errno; EAGAIN: the listener's queue is full
};
unix_attempt try_connect_unix(const std::string& path);

/// User id of the process at the other end; -1 for other sockets.
std::int64_t peer_uid(int fd);

} // namespace ockam
