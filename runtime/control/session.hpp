// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/net/reactor.hpp"

#include "proto/control.pb.h"

#include <functional>
#include <string>
#include <vector>

namespace ockam {

/// One connection of the command line: frames of u32 big endian length and a protobuf message, both ways.
/// Requests are handed out as they arrive; responses may be sent in any order. Socket thread only.
class control_session final : private net::stream_events {
 public:
  /// A payload of 16 MiB with room for its route.
  static constexpr std::size_t max_request = (16u << 20) + (64u << 10);
  /// Answers that a client does not read; beyond it the session ends.
  static constexpr std::size_t max_unsent = 64u << 20;

  struct events {
    std::function<void(control_session&, control::Request)> on_request;
    /// The session is over; `why` is empty when the client closed. The owner destroys it later.
    std::function<void(control_session&, std::string why)> on_end;
  };

  control_session(std::uint64_t id, net::stream_ptr s, events e);

  std::uint64_t id() const noexcept { return id_; }
  void send(const control::Response& r);
  /// Writes what can be written at once; for the end of the node, so that the last answer gets out.
  void flush();

 private:
  void on_readable() override;
  void on_writable() override { flush(); }
  void take_requests();
  void end(std::string why);

  std::uint64_t id_;
  net::stream_ptr stream_;
  events events_;
  std::vector<char> in_;
  std::string out_;
  std::size_t written_ = 0;
  bool ended_ = false;
};

} // namespace ockam
