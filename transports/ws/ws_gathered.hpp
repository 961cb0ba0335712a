// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/frame_pool.hpp"

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

namespace ockam::ws {

/// A message that comes in several fragments, put together for the owner of the stream, who wants its length first.
/// Memory follows what has arrived, and comes out of the pool for frames that are not whole.
///
/// Nobody knows beforehand how long it gets. Of one over the limit only its first and its last bytes are kept, `edge_bytes`
/// of each, which tell whose it is; what is handed on has its length, and zeros between them: its owner passes it by
/// (`ockam::frame_reader`). One thread at a time.
class gathered_message {
 public:
  using clock = frame_pool::clock;

  /// `m` lives longer.
  gathered_message(frame_pool::share& m, std::size_t max_frame) noexcept : memory_{m}, max_frame_{max_frame} {}
  ~gathered_message() { clear(); }
  gathered_message(const gathered_message&) = delete;
  gathered_message& operator=(const gathered_message&) = delete;

  /// What comes next of it. False: there is no memory for it.
  bool append(std::span<const std::byte> data, clock::time_point now);
  /// How much has come of it.
  std::size_t size() const noexcept { return size_; }

  /// What comes next for its owner, at most `most` bytes of it; empty at its end. Valid until the next call.
  std::span<const std::byte> take(std::size_t most) noexcept;
  /// How much the owner has.
  std::size_t taken() const noexcept { return taken_; }

  /// Forgets it, and gives back its memory.
  void clear() noexcept;

 private:
  bool make_room(std::size_t n, clock::time_point now);
  bool passes_by() const noexcept { return size_ > max_frame_; }
  void keep_edges();
  void append_to_edges(std::span<const std::byte> data);

  frame_pool::share& memory_;
  std::size_t max_frame_;
  std::vector<std::byte> bytes_; ///< all of it, or its first bytes
  std::vector<std::byte> last_;  ///< of one that passes by
  std::size_t size_ = 0;
  std::size_t taken_ = 0;
};

} // namespace ockam::ws
