// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/ip_endpoint.hpp"
#include "runtime/core/message.hpp"
#include "runtime/net/datagrams.hpp"
#include "transports/udp/udp_codec.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

namespace ockam {

/// Encoded messages of one socket until the system takes their datagrams: each is sliced as it goes out,
/// many datagrams in one call. The message itself stays, with its credit, until its last datagram is
/// out, so that one that cannot be sent can be reported. Socket thread only.
class udp_outbox {
 public:
  /// A message on its way out.
  struct item {
    message_ptr what;                  ///< its payload is encoded in `block` already; null for a keep-alive
    std::unique_ptr<std::byte[]> block; ///< `max_head` bytes of room for a datagram's head, then the message
    std::size_t size = 0;              ///< of the message
    std::optional<ip_endpoint> to;     ///< none: the socket's fixed peer
    std::optional<ip_endpoint> from;   ///< address of this host; none: the system chooses
    std::uint16_t number = 0;
    std::uint16_t total = 0;           ///< slices
    std::uint16_t next = 0;            ///< slice that goes out next
  };

  /// `datagram_size`: largest datagram, in bytes.
  explicit udp_outbox(std::size_t datagram_size) noexcept : slice_bytes_{udp_codec::slice_bytes(datagram_size)} {}

  /// A message to be encoded at `message_of(i)`.
  static item make(std::size_t size);
  static std::byte* message_of(const item& i) noexcept { return i.block.get() + udp_codec::max_head; }

  /// `i.total` is filled in. Precondition: `slice_count` of its size is at most `max_slices`.
  void push(item i);
  /// The first message, which is not sent or not wholly. Precondition: not empty.
  item pop();

  bool empty() const noexcept { return items_.empty(); }
  std::size_t bytes() const noexcept { return bytes_; } ///< of messages, not of datagrams
  std::uint64_t messages_sent() const noexcept { return messages_sent_; }
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }

  /// Sends until all is sent (`ok`), about `most` bytes are (also `ok`), the system takes no more
  /// (`again`), or it will not have the first message (`failed`).
  net::io_result write_to(net::datagrams& s, std::size_t most);

 private:
  static constexpr std::size_t batch = 64; ///< datagrams of one call

  std::size_t fill();
  std::size_t sent(std::size_t datagrams);

  std::size_t slice_bytes_;
  std::deque<item> items_;
  std::size_t bytes_ = 0;
  std::uint64_t messages_sent_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::array<net::datagrams::outbound, batch> out_;
  std::array<std::array<std::byte, udp_codec::max_head>, batch> heads_;
};

} // namespace ockam
