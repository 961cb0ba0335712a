// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/codec/message_codec.hpp"

#include <cstddef>
#include <span>
#include <string>

/// A message as it goes over the Ockam wire, whatever carries it (docs/protocol.md, Messages): the body of
/// a frame of a stream, a WebSocket message, what the datagrams of a UDP message add up to.
///
///     [ onward: [* addr], return: [* addr], payload: bstr, ? tstr / null ]       addr = [ uint .le 255, bstr ]
///
/// The fourth element is a JSON object of strings. A real node writes `{}` and ignores keys that it does
/// not know; our wishes travel there: `"ockam_report": "1"` asks for a report, and a report itself is
/// `"ockam_undeliverable": reason` with `ockam_hop`, `ockam_node` and `ockam_detail`. `"ockam_trace": N` asks
/// for a passage from each worker, of which N have had the message, and a passage is `"ockam_passed": N`
/// with hop, node, the worker's type as the detail, `ockam_left` (addresses of the route that were left) and
/// `ockam_held_us`. `"ockam_hops": N` is the hop budget of a message that has spent much of it. `traceparent` and
/// `tracestate` are W3C Trace Context's, which a real node writes too. The element is left out when there is nothing to
/// say. Plain functions. Thread: any.
namespace ockam::wire_codec {

/// Decodes into `header` (fresh). Accepts what the reference accepts: indefinite arrays, long integers,
/// addresses of more elements, bytes behind the item.
decoded_message decode(std::span<const std::byte> in, route_header& header);

/// As `message_codec` says. The routes stand in front of the payload, the fourth element behind it.
decoded_message decode_edges(std::span<const std::byte> first, std::span<const std::byte> last, std::size_t length,
                             route_header& header);

/// A header's fourth element; empty when there is nothing to say. Ask once and hand it on.
extra_text extras(const route_header& h);
/// The same, and `"ockam_identity"`: who has proved to this node to be the sender. Never read by a node.
extra_text with_identity(std::string_view extras, const std::string& who);
message_size measure(const route_header& h, std::size_t payload, std::string_view extras) noexcept;

/// Writes `size.head` bytes at `out`; the payload comes next, then `write_tail`.
std::byte* write_head(std::byte* out, const route_header& h, std::size_t payload, bool with_extras) noexcept;
std::byte* write_tail(std::byte* out, std::string_view extras) noexcept;

inline constexpr message_codec codec{&decode, &decode_edges, &extras, &measure, &write_head, &write_tail,
                                     {std::byte{0x83}, std::byte{0x80}, std::byte{0x80}, std::byte{0x40}}};

} // namespace ockam::wire_codec
