// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"
#include "transports/codec/message_codec.hpp"
#include "transports/stream/out_queue.hpp"

#include <cstddef>
#include <optional>

namespace ockam {

/// Puts messages into the frames of a stream (`stream_codec`), and keeps them until the system takes them.
/// Small payloads are copied between head and tail, large ones are written from where they lie.
/// Socket thread only.
class frame_writer {
 public:
  /// `tells_identity`: who has sent a message, as a secure channel of this node has proved it, is said with it, for a client
  /// on the other side of a Unix socket. Only where the extras are those of the Ockam wire. No node believes it.
  frame_writer(const message_codec& codec, std::size_t max_frame, bool tells_identity = false) noexcept
    : codec_{&codec}, max_frame_{max_frame}, tells_identity_{tells_identity} {}

  /// The byte in front of the first frame.
  void preamble();
  /// A message as a frame; its payload and its credit are taken over. Returns the bytes of the frame; nothing,
  /// and the message is untouched, when that would have more than `max_frame`.
  std::optional<std::size_t> add(message& m);
  /// A frame that says nothing; returns its bytes.
  std::size_t heartbeat();

  /// What is not written yet.
  out_queue& queue() noexcept { return out_; }
  const out_queue& queue() const noexcept { return out_; }

 private:
  const message_codec* codec_;
  std::size_t max_frame_;
  bool tells_identity_;
  out_queue out_;
};

} // namespace ockam
