// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/frame_pool.hpp"
#include "transports/codec/message_codec.hpp"
#include "transports/codec/stream_codec.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <sys/uio.h>

namespace ockam {

/// A block that large frames are read into, one after the other. Links of one thread share it: it is empty whenever none of
/// them is reading, since a frame that lies in it is taken over together with it.
class spare_block {
 public:
  /// Room for `n` bytes. The block is not much larger: it is what a message that takes it over takes up.
  std::byte* room(std::size_t n);
  bool is_at(const std::byte* p) const noexcept { return bytes_ && bytes_.get() == p; }
  std::size_t capacity() const noexcept { return capacity_; }
  std::unique_ptr<std::byte[]> take() noexcept { return std::move(bytes_); }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t capacity_ = 0;
};

/// Takes the frames of a stream (`stream_codec`) apart as its bytes come in, without a socket:
///
///     prepare, room ─▶ (bytes are read to there) ─▶ filled ─▶ take_preamble, once ─▶ next, until it has no more
///        ▲                                                                              │
///        └──────────────────────────────────────────────────────────────────────────────┘
///
/// Frames that came in whole are read where they lie. One that did not is put together in memory of its own, which
/// the message may take over. After a large frame another one is expected: it is read into a block for itself, so that
/// none of a transfer's bytes is copied here. Memory follows what has arrived, not what was announced, and comes out of the pool for
/// frames that are not whole; when that has none, `needs_memory`, and the same call is made again later. Whoever
/// stops before `next` has no more says so (`keep_rest`).
///
/// A frame that is too large is no fault of the others on the same link, which may come from many senders: it is read and
/// thrown away, but for what tells whose it is. Socket thread only.
class frame_reader {
 public:
  using clock = std::chrono::steady_clock;

  /// A frame without its length field. One over the limit has passed by: only its first and its last bytes are here,
  /// `edge_bytes` of each.
  struct frame {
    std::span<const std::byte> body;     ///< valid until the next call
    std::unique_ptr<std::byte[]> memory; ///< in which `body` lies, to be taken over; or null
    std::size_t capacity = 0;            ///< of `memory`
    std::size_t passed_by = 0;           ///< its length, if it is over the limit: then `body` is its beginning
    std::span<const std::byte> end = {}; ///< of such a frame
  };

  /// No node sends a longer one, whatever its `max-frame`: who announces it speaks something else, and the stream ends, as
  /// that of a real node does.
  static constexpr std::size_t most_passed_by = 16u << 20;

  /// `m` lives longer.
  frame_reader(frame_pool::share& m, std::size_t max_frame) noexcept : memory_{&m}, max_frame_{max_frame} {}

  /// Makes room for what comes next of the frame under way. False: there is no memory for it.
  bool prepare(clock::time_point now);
  /// Where the next bytes belong: first what completes the frame under way, then whatever follows, to
  /// `scratch`. At most `scratch.size()` bytes to each. Valid until `filled`. Precondition: `prepare`, and nothing is
  /// left to be taken. `spare`: for large frames, which then come one at a time.
  std::span<const iovec> room(std::span<std::byte> scratch, spare_block* spare = nullptr);
  /// From this size on a frame is large: one more `recvmsg` costs less than a copy of it.
  static constexpr std::size_t large = 32u << 10;
  /// The last frame was large, and another one may be there to be read.
  bool expects_large() const noexcept { return expected_ > 0 || total_ >= large; }
  /// So many bytes have been read to there. Precondition: `next` has had no more before.
  void filled(std::size_t n, clock::time_point now);
  /// The byte in front of the first frame, once.
  std::optional<std::byte> take_preamble();
  /// The next whole frame. Nothing: more has to be read, or there is no memory (`needs_memory`), or the stream cannot
  /// go on (`too_large`).
  std::optional<frame> next();
  /// What was read and not taken yet stays here, out of the way of the next read of others.
  void keep_rest();
  /// It is later now.
  void go_on(clock::time_point now) noexcept { now_ = now; }

  /// Length of a frame over `most_passed_by` that the peer has announced.
  std::optional<std::size_t> too_large() const noexcept { return too_large_; }
  /// What is here of a frame could not be put together for want of memory.
  bool needs_memory() const noexcept { return needs_memory_; }
  /// Part of a frame is here.
  bool in_frame() const noexcept { return length_have_ > 0; }
  /// When the first byte of the frame under way came in, or `restart`.
  clock::time_point began() const noexcept { return began_; }
  /// When the frame has to be whole: `allowed` after its first byte, and the time that its size takes.
  clock::time_point deadline(std::chrono::milliseconds allowed) const noexcept;
  /// Its time begins anew: it could not come in because this end did not read.
  void restart(clock::time_point now) noexcept { began_ = now; }
  /// Forgets what is here, and gives back its memory.
  void clear() noexcept;

 private:
  void collect(std::size_t length);
  bool fills_spare(std::size_t length) const noexcept;
  /// What is kept of a frame that passes by.
  struct edges {
    std::array<std::byte, edge_bytes> first, last;
  };
  void begin_passing(std::size_t length);
  std::optional<frame> pass();
  void drop_frame() noexcept;
  void drop_rest() noexcept;

  frame_pool::share* memory_;
  std::size_t max_frame_;
  // What was read and not handed out yet: in the scratch memory of the read, or in `rest_`.
  std::byte* scratch_ = nullptr;
  std::span<const std::byte> in_;
  std::unique_ptr<std::byte[]> rest_;
  std::size_t rest_size_ = 0;
  clock::time_point now_{};
  // The frame under way.
  std::array<std::byte, stream_codec::length_bytes> length_{};
  std::size_t length_have_ = 0;
  std::unique_ptr<std::byte[]> body_; ///< once the length is known
  std::size_t capacity_ = 0;          ///< of it, which is what is taken from the pool
  std::size_t size_ = 0;  ///< of what is here of the body, or has passed by
  std::size_t total_ = 0; ///< of the body
  std::unique_ptr<edges> edges_; ///< of one that passes by
  clock::time_point began_{};
  // The read under way.
  std::array<iovec, 2> targets_{};
  std::size_t to_frame_ = 0; ///< bytes that go to the frame under way first
  spare_block* spare_ = nullptr; ///< what is behind them went there
  std::size_t expected_ = 0; ///< length of the large frame that has just come
  std::optional<std::size_t> too_large_;
  bool needs_memory_ = false;
};

} // namespace ockam
