// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"
#include "runtime/core/reason.hpp"

#include <cstddef>
#include <optional>
#include <span>

/// The frames of the Ockam wire over TCP (protocol §2.2, §2.3):
///
///     u32 big endian N | N bytes CBOR: [ onward: [* addr], return: [* addr], payload: bstr, ? tstr / null ]
///                                      addr = [ uint .le 255, bstr ]
///
/// The fourth element is a JSON object of strings. A real node writes `{}` and ignores keys that it does
/// not know; our wishes travel there: `"ockam_report": "1"` asks for a report, and a report itself is
/// `"ockam_undeliverable": reason` with `ockam_hop`, `ockam_node` and `ockam_detail`. It is left out when
/// there is nothing to say. Plain functions. Thread: any.
namespace ockam::tcp_codec {

inline constexpr std::byte preamble{0x01};
inline constexpr std::size_t length_bytes = 4;

/// The length field. Precondition: 4 bytes.
std::uint32_t read_length(const std::byte* in) noexcept;

/// What a frame decoded to. The payload is a part of the input, not copied.
struct decoded {
  std::optional<refusal> bad; ///< set: refuse the frame
  std::span<const std::byte> body;
};

/// Decodes the N bytes behind the length into `header` (fresh). Accepts what the reference accepts:
/// indefinite arrays, long integers, addresses of more elements, bytes behind the item.
decoded decode(std::span<const std::byte> frame, route_header& header);

/// Size of a whole frame, length field included, for this header and payload size.
struct frame_size {
  std::size_t head;  ///< everything up to the payload
  std::size_t tail;  ///< the fourth element, behind the payload
  std::size_t total; ///< head + payload + tail
};
/// A header's fourth element; empty when there is nothing to say. Ask once and hand it on.
std::string extras(const route_header& h);
frame_size measure(const route_header& h, std::size_t payload, const std::string& extras) noexcept;

/// Writes `size.head` bytes at `out`; the payload comes next, then `write_tail`.
std::byte* write_head(std::byte* out, const route_header& h, std::size_t payload, const frame_size& size,
                      bool with_extras) noexcept;
std::byte* write_tail(std::byte* out, const std::string& extras) noexcept;

} // namespace ockam::tcp_codec
