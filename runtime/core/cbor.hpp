// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// CBOR (RFC 8949) as far as the Ockam wire needs it: the codec of the hot path. Encoding writes the
/// shortest form; decoding accepts what minicbor accepts (protocol §0.1). No allocation, no exception.
namespace ockam::cbor {

/// Major types.
enum class major : std::uint8_t { uint = 0, nint = 1, bytes = 2, text = 3, array = 4, map = 5, tag = 6, simple = 7 };

/// Bytes that a head takes for this value: 1, 2, 3, 5 or 9.
constexpr std::size_t head_size(std::uint64_t value) noexcept {
  return value < 24 ? 1 : value <= 0xff ? 2 : value <= 0xffff ? 3 : value <= 0xffffffff ? 5 : 9;
}

/// Writes a head (major type and value or length) at `out`, which has room for `head_size(value)`.
/// Returns the place behind it.
std::byte* write_head(std::byte* out, major type, std::uint64_t value) noexcept;

/// A cursor over encoded bytes. Each `read_…` returns nothing when the bytes are not that, or when they
/// end; the cursor is then in an unspecified place and the whole input is to be refused. Thread: any,
/// one at a time.
class reader {
 public:
  explicit reader(std::span<const std::byte> in) noexcept;

  bool at_end() const noexcept;
  std::size_t remaining() const noexcept;
  /// The next item's major type without moving; nothing at the end.
  std::optional<major> peek() const noexcept;

  std::optional<std::uint64_t> read_uint() noexcept;
  std::optional<bool> read_bool() noexcept;
  /// A definite byte string; indefinite ones are refused. The span points into the input.
  std::optional<std::span<const std::byte>> read_bytes() noexcept;
  /// A definite text string (UTF-8 is not checked).
  std::optional<std::string_view> read_text() noexcept;
  /// True and past it when the next byte is `null` (f6).
  bool skip_null() noexcept;

  /// An array's head: its length, or `indefinite`. A definite length beyond the bytes that remain is
  /// refused here (an element takes at least a byte), so that a caller may reserve.
  static constexpr std::uint64_t indefinite = ~std::uint64_t{0};
  std::optional<std::uint64_t> read_array() noexcept;
  std::optional<std::uint64_t> read_map() noexcept;
  /// In an indefinite array: true and past it when the next byte is the break (ff).
  bool skip_break() noexcept;

  /// Skips one whole item of any type. Nesting is bounded (`max_depth`) without recursion on the
  /// machine stack growing with the input. False when malformed.
  static constexpr int max_depth = 32;
  bool skip() noexcept;

 private:
  std::optional<std::uint64_t> head(major want, bool may_be_indefinite) noexcept;
  std::optional<std::span<const std::byte>> block(major type) noexcept;

  const std::byte* pos_;
  const std::byte* end_;
};

} // namespace ockam::cbor
