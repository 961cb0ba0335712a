// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <vector>

namespace ockam {

/// A socket that the service manager handed to this process. Who takes it closes it.
struct passed_socket {
  std::string name; ///< `FileDescriptorName` of its unit, or what `keep` said
  int fd = -1;
};

/// systemd, or who speaks its protocols (sd_notify(3), sd_listen_fds(3)): datagrams to a Unix socket, descriptors from 3
/// on. A few lines, in place of a library that loads four others. Without a manager all of it has no effect. What is
/// written never fails the node: a manager that does not listen is its own trouble.
class service_manager {
 public:
  /// Reads the environment and takes what is meant for this process alone out of it, so that programs which it starts do
  /// not speak in its name. Before any thread.
  static service_manager from_environment();
  /// None.
  service_manager() = default;
  service_manager(service_manager&& other) noexcept;
  service_manager& operator=(service_manager&& other) noexcept;
  ~service_manager();

  bool is_there() const noexcept { return fd_ >= 0; }
  /// How often it wants to hear that the process lives; 0: not at all.
  std::chrono::microseconds watchdog() const noexcept { return watchdog_; }
  /// Those that were passed, once.
  std::vector<passed_socket> take_sockets();

  // None of them waits for longer than a second. Thread: main, but for `keep` and `forget`: any.
  void ready(std::string_view status) const; ///< nothing once it is stopping
  void reloading() const;
  /// `longest`: what it may take.
  void stopping(std::chrono::microseconds longest, std::string_view status);
  void failed(std::string_view why) const;
  void alive() const;
  /// Has the manager hold a copy of the socket and pass it to the next process of this service under `name`. Does not wait.
  void keep(const std::string& name, int fd) const;
  void forget(const std::string& name) const;

 private:
  void send(const std::string& text, int flags = 0, int fd = -1) const;

  int fd_ = -1;
  sockaddr_un to_{};
  socklen_t to_size_ = 0;
  std::chrono::microseconds watchdog_{0};
  std::vector<passed_socket> sockets_;
  bool stopping_ = false;
};

/// Whether a socket may have this name there: at most 255 printable characters without blanks and colons.
bool can_be_kept_as(std::string_view name);

} // namespace ockam
