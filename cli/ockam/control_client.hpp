// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/state/node_process.hpp"
#include "runtime/core/error.hpp"

#include "proto/control.pb.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace ockam::cli {

/// A moment after which nothing is waited for any more.
class deadline {
 public:
  explicit deadline(std::chrono::milliseconds from_now) : at_{clock::now() + from_now} {}
  /// Never negative.
  std::chrono::milliseconds left() const;

 private:
  using clock = std::chrono::steady_clock;
  clock::time_point at_;
};

/// A connection to the control socket of a node: requests and answers of `control.proto`, one at a time,
/// nothing waited for without a deadline.
class control_client {
 public:
  /// Errors: `not_found` when there is no socket, `closed` when nobody listens on it, `timed_out` when the node does
  /// not accept, `permission_denied`, `io_failure`.
  static result<control_client> connect(const std::string& socket_path, std::string node, const deadline& by);

  control_client(control_client&& other) noexcept : fd_{std::exchange(other.fd_, -1)}, node_{std::move(other.node_)} {}
  control_client& operator=(control_client&&) = delete;
  ~control_client();

  /// The answer, or the error that the node answered with. Also `timed_out` (the node is told how long it
  /// may take), `closed`, `malformed`.
  result<control::Response> call(control::Request request, const deadline& by);

  /// One more answer to the last request, of those that have several.
  result<control::Response> more(const deadline& by);

  const std::string& node() const { return node_; }
  /// The process that serves the socket, from the kernel. Nothing where that cannot say it (before Linux 6.5), or when
  /// the process cannot be seen from here.
  std::optional<state::process> peer() const;

 private:
  control_client(int fd, std::string node) : fd_{fd}, node_{std::move(node)} {}
  result<void> wait(short events, const deadline& by);
  result<void> write_all(const std::string& bytes, const deadline& by);
  result<void> read_all(char* into, std::size_t n, const deadline& by);
  result<void> read_response(control::Response& r, const deadline& by);

  int fd_;
  std::string node_;
  std::uint32_t last_id_ = 0;
};

} // namespace ockam::cli
