// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// How messages stand in a byte stream (docs/protocol.md, Preamble and frames). Each side first sends the
/// preamble, then frames, whose N bytes are what a `message_codec` reads and writes:
///
///     u8 1 | u32 big endian N | N bytes | u32 big endian N | N bytes | …
///
/// Plain functions. Thread: any.
namespace ockam::stream_codec {

inline constexpr std::byte preamble{0x01};
inline constexpr std::size_t length_bytes = 4;

/// The length field. Precondition: 4 bytes.
inline std::uint32_t read_length(const std::byte* in) noexcept {
  auto at = [&](int i) { return std::to_integer<std::uint32_t>(in[i]); };
  return at(0) << 24 | at(1) << 16 | at(2) << 8 | at(3);
}

/// Writes 4 bytes; returns where the frame's own begin.
inline std::byte* write_length(std::byte* out, std::size_t length) noexcept {
  for (int shift = 24; shift >= 0; shift -= 8)
    *out++ = static_cast<std::byte>(length >> shift);
  return out;
}

} // namespace ockam::stream_codec
