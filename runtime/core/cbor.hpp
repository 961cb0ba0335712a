// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// CBOR (RFC 8949) as far as the Ockam wire needs it: the codec of the hot path. Encoding writes the
/// shortest form; decoding accepts what minicbor accepts (docs/protocol.md, CBOR). No allocation, no exception.
namespace ockam::cbor {

/// Major types.
enum class major : std::uint8_t { uint = 0, nint = 1, bytes = 2, text = 3, array = 4, map = 5, tag = 6, simple = 7 };

/// Bytes that a head takes for this value: 1, 2, 3, 5 or 9.
constexpr std::size_t head_size(std::uint64_t value) noexcept {
  return value < 24 ? 1 : value <= 0xff ? 2 : value <= 0xffff ? 3 : value <= 0xffffffff ? 5 : 9;
}

/// Writes a head (major type and value or length) at `out`, which has room for `head_size(value)`.
/// Returns the place behind it.
std::byte* write_long_head(std::byte* out, major type, std::uint64_t value) noexcept;
inline std::byte* write_head(std::byte* out, major type, std::uint64_t value) noexcept {
  if (value >= 24)
    return write_long_head(out, type, value);
  *out = static_cast<std::byte>(static_cast<std::uint64_t>(type) << 5 | value);
  return out + 1;
}

/// A cursor over encoded bytes. Each `read_…` returns nothing when the bytes are not that, or when they
/// end; the cursor is then in an unspecified place and the whole input is to be refused. What a frame
/// consists of is inline: a dozen heads are read for each message. Thread: any, one at a time.
class reader {
 public:
  explicit reader(std::span<const std::byte> in) noexcept : pos_{in.data()}, end_{in.data() + in.size()} {}

  bool at_end() const noexcept { return pos_ == end_; }
  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - pos_); }
  /// The next item's major type without moving; nothing at the end.
  std::optional<major> peek() const noexcept;

  std::optional<std::uint64_t> read_uint() noexcept { return head(major::uint, false); }
  /// A definite byte string; indefinite ones are refused. The span points into the input.
  std::optional<std::span<const std::byte>> read_bytes() noexcept { return block(major::bytes); }
  /// Only how long such a byte string is, whose bytes need not be here; what comes next is its first one.
  std::optional<std::uint64_t> read_bytes_head() noexcept { return head(major::bytes, false); }
  /// A definite text string (UTF-8 is not checked).
  std::optional<std::string_view> read_text() noexcept;
  std::optional<bool> read_bool() noexcept {
    return skip_byte(true_byte) ? std::optional{true} : skip_byte(false_byte) ? std::optional{false} : std::nullopt;
  }
  /// True and past it when the next byte is `null` (f6).
  bool skip_null() noexcept { return skip_byte(null_byte); }

  /// An array's head: its length, or `indefinite`. A definite length beyond the bytes that remain is
  /// refused here (an element takes at least a byte), so that a caller may reserve.
  static constexpr std::uint64_t indefinite = ~std::uint64_t{0};
  std::optional<std::uint64_t> read_array() noexcept {
    auto n = head(major::array, true);
    if (!n || (*n != indefinite && *n > remaining()))
      return std::nullopt;
    return *n;
  }
  std::optional<std::uint64_t> read_map() noexcept;
  /// In an indefinite array: true and past it when the next byte is the break (ff).
  bool skip_break() noexcept { return skip_byte(break_byte); }

  /// Skips one whole item of any type. Nesting is bounded (`max_depth`) without recursion on the
  /// machine stack growing with the input. False when malformed.
  static constexpr int max_depth = 32;
  bool skip() noexcept;

 private:
  static constexpr std::byte break_byte{0xff};
  static constexpr std::byte null_byte{0xf6};
  static constexpr std::byte false_byte{0xf4};
  static constexpr std::byte true_byte{0xf5};

  std::optional<std::uint64_t> head(major want, bool may_be_indefinite) noexcept {
    if (at_end())
      return std::nullopt;
    auto first = std::to_integer<std::uint8_t>(*pos_);
    if (first >> 5 != static_cast<std::uint8_t>(want))
      return std::nullopt;
    ++pos_;
    auto info = static_cast<std::uint8_t>(first & 31);
    if (info < 24)
      return info;
    return long_head(info, may_be_indefinite);
  }
  /// The value behind a first byte that says how long it is.
  std::optional<std::uint64_t> long_head(std::uint8_t info, bool may_be_indefinite) noexcept;
  std::optional<std::span<const std::byte>> block(major type) noexcept {
    auto length = head(type, false);
    if (!length || *length > remaining())
      return std::nullopt;
    std::span<const std::byte> out{pos_, static_cast<std::size_t>(*length)};
    pos_ += *length;
    return out;
  }
  bool skip_byte(std::byte which) noexcept {
    if (at_end() || *pos_ != which)
      return false;
    ++pos_;
    return true;
  }

  const std::byte* pos_;
  const std::byte* end_;
};

} // namespace ockam::cbor
