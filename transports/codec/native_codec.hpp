// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/codec/message_codec.hpp"

/// A message between nodes of this implementation (docs/protocol.md, CAF links):
/// `ockam.routing.RoutedMessage`, so that hop budget, flags, reports and what later versions add to the
/// header travel on as they are.
///
///     0a LEN route header | 12 LEN payload
///
/// Plain functions. Thread: any.
namespace ockam::native_codec {

/// Accepts exactly the two fields in this order; an absent payload is an empty one. The hop budget is
/// brought down to what a fresh message has: a peer cannot make messages live longer here.
decoded_message decode(std::span<const std::byte> in, route_header& header);

/// The header stands in front of the payload.
decoded_message decode_edges(std::span<const std::byte> first, std::span<const std::byte> last, std::size_t length,
                             route_header& header);

/// Everything is in the header: always empty.
extra_text extras(const route_header& h);
message_size measure(const route_header& h, std::size_t payload, std::string_view extras) noexcept;
std::byte* write_head(std::byte* out, const route_header& h, std::size_t payload, bool with_extras) noexcept;
std::byte* write_tail(std::byte* out, std::string_view extras) noexcept;

/// The heartbeat is an empty header with an empty payload.
inline constexpr message_codec codec{&decode, &decode_edges, &extras, &measure, &write_head, &write_tail,
                                     {std::byte{0x0a}, std::byte{0x00}, std::byte{0x12}, std::byte{0x00}}};

} // namespace ockam::native_codec
