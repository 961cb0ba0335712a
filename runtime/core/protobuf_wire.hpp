// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

/// Protobuf's encoding by hand, for the header that each message carries past each hop
/// (https://protobuf.dev/programming-guides/encoding).
namespace ockam::protobuf_wire {

constexpr std::size_t varint_size(std::uint64_t v) noexcept {
  std::size_t n = 1;
  for (; v >= 0x80; v >>= 7)
    ++n;
  return n;
}

inline std::byte* write_varint(std::byte* out, std::uint64_t v) noexcept {
  for (; v >= 0x80; v >>= 7)
    *out++ = static_cast<std::byte>(v | 0x80);
  *out++ = static_cast<std::byte>(v);
  return out;
}

inline std::byte* write_fixed32(std::byte* out, std::uint32_t v) noexcept {
  for (int shift = 0; shift < 32; shift += 8)
    *out++ = static_cast<std::byte>(v >> shift);
  return out;
}

inline std::byte* write_bytes(std::byte* out, std::string_view bytes) noexcept {
  if (!bytes.empty())
    std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

/// A cursor over protobuf's encoding that accepts only minimal varints.
struct cursor {
  const std::byte* pos;
  const std::byte* end;

  bool done() const noexcept { return pos == end; }

  std::optional<std::uint64_t> varint() noexcept {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && pos != end; shift += 7) {
      auto byte = std::to_integer<std::uint64_t>(*pos++);
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) {
        bool padded = byte == 0 && shift > 0;
        bool overflow = shift == 63 && byte > 1;
        return padded || overflow ? std::nullopt : std::optional{value};
      }
    }
    return std::nullopt;
  }

  /// A field's number and wire type: 32 bits, and no field is number 0.
  std::optional<std::uint32_t> key() noexcept {
    auto k = varint();
    return k && *k >> 3 != 0 && *k <= 0xffffffff ? std::optional{static_cast<std::uint32_t>(*k)} : std::nullopt;
  }

  std::optional<std::span<const std::byte>> take(std::uint64_t n) noexcept {
    if (n > static_cast<std::uint64_t>(end - pos))
      return std::nullopt;
    std::span<const std::byte> out{pos, static_cast<std::size_t>(n)};
    pos += n;
    return out;
  }

  std::optional<std::span<const std::byte>> block() noexcept {
    auto n = varint();
    return n ? take(*n) : std::nullopt;
  }

  std::optional<std::uint32_t> fixed32() noexcept {
    auto b = take(4);
    if (!b)
      return std::nullopt;
    std::uint32_t v = 0;
    for (std::size_t i = 0; i < 4; ++i)
      v |= std::to_integer<std::uint32_t>((*b)[i]) << (8 * i);
    return v;
  }

  /// Moves past the value of an unknown field; false for groups and truncated values.
  bool skip(std::uint64_t wire_type) noexcept {
    switch (wire_type) {
      case 0: return varint().has_value();
      case 1: return take(8).has_value();
      case 2: return block().has_value();
      case 5: return take(4).has_value();
      default: return false;
    }
  }
};

} // namespace ockam::protobuf_wire
