// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/endpoint.hpp"

#include <string>

namespace ockam::net {

/// What an owner of an acceptor is as well, if its socket has a name that the next process knows.
class kept_listener {
 public:
  /// What a `socket_keeper` knows the socket by; empty: it ends with its acceptor.
  virtual std::string kept_as() const = 0;

 protected:
  ~kept_listener() = default;
};

/// Listening sockets that live longer than the process which listens on them: a service manager opens them before it, or
/// keeps them while the next one starts, so that whoever connects meanwhile waits and is not refused. Socket thread only.
class socket_keeper {
 public:
  virtual ~socket_keeper() = default;

  /// A socket that was handed over for the listener `name` (`kept_listener`) and listens at `at`, where port 0
  /// stands for any; it is the caller's. -1: there is none.
  virtual int take(const std::string& name, const endpoint& at) = 0;
  /// The same for a Unix socket at this path. Its file belongs to who has made it.
  virtual int take_unix(const std::string& name, const std::string& path) = 0;
  /// The listener listens on `fd`: it is to be kept. Does not wait.
  virtual void opened(const std::string& name, int fd) = 0;
  /// It closes `fd`. True: the socket lives on elsewhere, and nobody must be turned away.
  virtual bool closing(const std::string& name, int fd) = 0;
};

} // namespace ockam::net
