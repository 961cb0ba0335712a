// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

/// The datagrams of the Ockam wire over UDP (docs/protocol.md, UDP datagrams). Each carries one slice of a
/// routing message, which is encoded as in a TCP frame, without the length:
///
///     [ version: 1, routing number: u16, offset: u16, total: u16, slice: bstr ]
///
/// `offset` counts slices from 0, `total` is their number. All slices of a message have its routing
/// number. Plain functions. Thread: any.
namespace ockam::udp_codec {

inline constexpr std::uint8_t version = 1;
/// What a datagram takes beside its slice, at most: 15 bytes.
inline constexpr std::size_t max_head = 15;
inline constexpr std::size_t max_slices = 65'535;
/// The sizes that a node may be told to use; the default is what a real node uses.
inline constexpr std::size_t least_datagram = 64;
inline constexpr std::size_t most_datagram = 65'507; // IPv4's limit

/// A datagram decoded. The slice is a part of the input.
struct slice {
  std::uint16_t number = 0;
  std::uint16_t offset = 0;
  std::uint16_t total = 0;
  std::span<const std::byte> bytes;
};

/// Accepts what the reference accepts: any version, indefinite arrays, long integers, further elements,
/// bytes behind the item. Nothing when it does not decode, when there is no slice in it, or when its
/// offset is not below its total.
std::optional<slice> decode(std::span<const std::byte> datagram) noexcept;

/// Writes everything before the slice's bytes at `out`, which has room for `max_head`. Returns the size.
std::size_t write_head(std::byte* out, std::uint16_t number, std::uint16_t offset, std::uint16_t total,
                       std::size_t slice_bytes) noexcept;

/// Bytes of a message in each slice but the last.
constexpr std::size_t slice_bytes(std::size_t datagram_size) noexcept { return datagram_size - max_head; }

/// Slices that a message of `bytes` (not 0) takes. The reference's own sender adds an empty slice when the
/// message fills the last one, and its receiver refuses that: ours does not.
constexpr std::size_t slice_count(std::size_t bytes, std::size_t datagram_size) noexcept {
  auto each = slice_bytes(datagram_size);
  return (bytes + each - 1) / each;
}

} // namespace ockam::udp_codec
