// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"
#include "runtime/net/stream.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ockam {

/// Bytes of a stream that wait for its TCP connection, each with the credit of the message that brought them. Large ones
/// are written from the message itself, small ones that come in a row are gathered. Empty, it owns next to nothing. Socket
/// thread only.
class socket_queue {
 public:
  /// What memory these bytes of the message will take here, beside what is charged already: whole messages are kept only where
  /// that is cheaper, and a block for small ones counts as a whole, with the first of them.
  std::size_t cost(const message& m, std::span<const std::byte> data) const noexcept;
  /// `data` lies in the message's payload, which is taken over, as is its credit.
  void push(message& m, std::span<const std::byte> data);

  bool empty() const noexcept { return next_ == segments_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }
  /// Writes until all is written or the stream takes no more (`again`). `ok`: all is written.
  net::io_result write_to(net::stream& s);
  void clear();

 private:
  /// Smaller ones are gathered, in blocks. The first one behind a whole message is small, as a byte may be all that comes before
  /// the next whole message; each that follows is twice as large.
  static constexpr std::size_t small = 4u << 10;
  static constexpr std::size_t least_block = 512, most_block = 16u << 10;

  struct segment {
    payload body;                       ///< of a message, or
    std::unique_ptr<std::byte[]> block; ///< … bytes of several
    std::size_t capacity = 0;           ///< of the block
    std::size_t begin = 0;              ///< what is not written yet
    std::size_t end = 0;
    std::vector<credit> credits;

    const std::byte* data() const noexcept { return block ? block.get() : body.bytes().data(); }
    std::span<const std::byte> unwritten() const noexcept { return {data() + begin, end - begin}; }
  };

  std::size_t next_block(std::size_t size) const noexcept;
  bool is_gathered(std::size_t size) const noexcept { return size < small && !empty(); }
  void consume(std::size_t n);

  std::vector<segment> segments_; ///< those before `next_` are done
  std::size_t next_ = 0;
  std::size_t bytes_ = 0;
};

} // namespace ockam
