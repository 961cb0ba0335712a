// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"
#include "runtime/core/reason.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace ockam {

/// What the bytes of a message decoded to. The payload is a part of the input, not copied.
struct decoded_message {
  std::optional<refusal> bad; ///< set: refuse the message
  std::span<const std::byte> body;
  /// Written by another implementation, whose messages do not say whether they belong to a stream.
  bool foreign = false;
  bool broken_report = false; ///< it says that it is a report, and does not decode as one: to be counted
  bool bad_trace = false;     ///< its trace context is none, or too long, and was left out: to be counted
};

/// What stands behind a payload: for nearly all messages one of a few texts that are constants, and cost nothing.
class extra_text {
 public:
  extra_text() noexcept = default;
  /// `constant` is not copied: a literal.
  explicit extra_text(std::string_view constant) noexcept : constant_{constant} {}
  explicit extra_text(std::string made) noexcept : made_{std::move(made)} {}

  operator std::string_view() const noexcept { return made_.empty() ? constant_ : std::string_view{made_}; }
  bool empty() const noexcept { return made_.empty() && constant_.empty(); }

 private:
  std::string_view constant_;
  std::string made_;
};

/// Size of an encoded message for a certain header and payload size.
struct message_size {
  std::size_t head = 0;  ///< everything up to the payload
  std::size_t tail = 0;  ///< what stands behind the payload
  std::size_t total = 0; ///< head + payload + tail
};

/// Bytes at the beginning and at the end of a message that tell what is to be known of one that is too large: routes of
/// some hundred hops, and the longest text behind the payload that anything is read from.
inline constexpr std::size_t edge_bytes = 4096 + 64;

/// How a message looks as bytes, as data: the Ockam wire (`wire_codec`) or between nodes of this implementation
/// (`native_codec`). Plain functions. Thread: any.
struct message_codec {
  /// Decodes into a fresh header.
  decoded_message (*decode)(std::span<const std::byte> in, route_header& header);
  /// The same of a message of `length` bytes, of which only the first and the last ones are here, `edge_bytes` of each:
  /// without its payload. Bad as well: what is to be known does not stand there.
  decoded_message (*decode_edges)(std::span<const std::byte> first, std::span<const std::byte> last, std::size_t length,
                                  route_header& header);
  /// What a header has to say behind the payload; empty when nothing. Ask once and hand it on.
  extra_text (*extras)(const route_header& h);
  message_size (*measure)(const route_header& h, std::size_t payload, std::string_view extras) noexcept;
  /// Writes `head` bytes at `out`; the payload comes next, then `write_tail`.
  std::byte* (*write_head)(std::byte* out, const route_header& h, std::size_t payload, bool with_extras) noexcept;
  std::byte* (*write_tail)(std::byte* out, std::string_view extras) noexcept;
  /// A message without any address, which receivers ignore. It asks the peer's system for an
  /// acknowledgement, without which a peer that vanished would go unnoticed until something is sent.
  std::array<std::byte, 4> heartbeat;
};

} // namespace ockam
