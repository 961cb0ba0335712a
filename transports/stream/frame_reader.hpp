// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/credit.hpp"
#include "transports/codec/stream_codec.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <sys/uio.h>

namespace ockam {

/// Takes the frames of a stream (`stream_codec`) apart as its bytes come in, without a socket:
///
///     room ─▶ (bytes are read to there) ─▶ filled ─▶ take_preamble, once ─▶ next, until it has no more
///        ▲                                                                    │
///        └────────────────────────────────────────────────────────────────────┘
///
/// Frames that came in whole are read where they lie. One that did not is put together in memory of its own,
/// which the message may take over, and what is here of it is charged to the link's ledger. Memory follows
/// what has arrived, not what was announced. Socket thread only.
class frame_reader {
 public:
  using clock = std::chrono::steady_clock;

  /// A frame without its length field.
  struct frame {
    std::span<const std::byte> body;     ///< valid until the next call
    std::unique_ptr<std::byte[]> memory; ///< in which `body` lies, to be taken over; or null
    std::size_t capacity = 0;            ///< of `memory`
  };

  frame_reader(ledger& charged, std::size_t max_frame) noexcept : ledger_{&charged}, max_frame_{max_frame} {}

  /// Where the next bytes belong: first what completes the frame under way, then whatever follows, to
  /// `scratch`. At most `scratch.size()` bytes to each. Valid until `filled`.
  std::span<const iovec> room(std::span<std::byte> scratch);
  /// So many bytes have been read to there. Precondition: `next` has had no more before.
  void filled(std::size_t n, clock::time_point now);
  /// The byte in front of the first frame, once.
  std::optional<std::byte> take_preamble();
  /// The next whole frame. Nothing: more has to be read, or the stream cannot go on (`too_large`).
  std::optional<frame> next();

  /// Length of a frame over `max_frame` that the peer has announced.
  std::optional<std::size_t> too_large() const noexcept { return too_large_; }
  /// Part of a frame is here.
  bool in_frame() const noexcept { return length_have_ > 0; }
  /// Bytes that are charged for it.
  std::size_t held() const noexcept { return held_.bytes(); }
  /// When the frame has to be whole: `allowed` after its first byte, and the time that its size takes.
  clock::time_point deadline(std::chrono::milliseconds allowed) const noexcept;
  /// Its time begins anew: it could not come in because this end did not read.
  void restart(clock::time_point now) noexcept { began_ = now; }
  /// Forgets what is here, and gives back what is charged for it.
  void clear() noexcept;

 private:
  void collect(std::size_t length);
  void drop_frame() noexcept;

  ledger* ledger_;
  std::size_t max_frame_;
  // What was read to `scratch` and not handed out yet.
  std::byte* scratch_ = nullptr;
  std::span<const std::byte> in_;
  clock::time_point now_{};
  // The frame under way.
  std::array<std::byte, stream_codec::length_bytes> length_{};
  std::size_t length_have_ = 0;
  std::unique_ptr<std::byte[]> body_; ///< once the length is known
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;  ///< of what is here of the body
  std::size_t total_ = 0; ///< of the body
  credit held_;
  clock::time_point began_{};
  // The read under way.
  std::array<iovec, 2> targets_{};
  std::size_t to_frame_ = 0; ///< bytes that go to the frame under way first
  std::optional<std::size_t> too_large_;
};

} // namespace ockam
