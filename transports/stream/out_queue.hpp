// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/credit.hpp"
#include "runtime/core/payload.hpp"
#include "runtime/net/stream.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ockam {

/// Encoded output of a link until the system takes it. Small frames are gathered in blocks; a large
/// payload is not copied but written from where it lies. Credit of what is in here comes back when its
/// bytes are written. Empty, it owns no memory: blocks come from a pool of the thread. Socket thread only.
class out_queue {
 public:
  static constexpr std::size_t block_size = 32u << 10;
  /// From this size on, a payload is written from its own memory.
  static constexpr std::size_t large = 8u << 10;

  /// Room for `n` bytes, to be filled at once.
  std::byte* append(std::size_t n);
  /// The payload itself, behind what was appended.
  void append(payload p);
  /// A message ends here. Its credit comes back when everything appended so far is written.
  void keep(credit c);

  /// What waits here is charged as the bytes that it is now, not as the messages that it was.
  void charge_bytes();
  /// What is in here counts against `l` from now on, whoever sent it: a destination that takes nothing keeps
  /// its own budget, not those of its senders.
  void charge_to(ledger& l);

  bool empty() const noexcept { return next_ == segments_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }
  /// Messages of which something is not written yet.
  std::size_t messages() const noexcept;

  /// Writes until all is written or the stream takes no more (`again`). `ok`: all is written.
  net::io_result write_to(net::stream& s);

 private:
  struct segment {
    std::unique_ptr<std::byte[]> block; ///< or
    payload body;                       ///< … this one
    std::size_t capacity = 0;
    std::size_t size = 0;
    std::size_t written = 0;
    bool as_bytes = false; ///< what its credits are for
    std::vector<std::uint32_t> ends; ///< of the messages that end in it
    std::vector<credit> credits;

    const std::byte* data() const noexcept { return block ? block.get() : body.bytes().data(); }
    std::span<const std::byte> unwritten() const noexcept { return {data() + written, size - written}; }
  };

  void consume(std::size_t n);

  std::vector<segment> segments_; ///< those before `next_` are done
  std::size_t next_ = 0;
  std::size_t bytes_ = 0;
};

} // namespace ockam
