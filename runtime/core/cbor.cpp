// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/cbor.hpp"

#include <array>

namespace ockam::cbor {

namespace {

constexpr std::uint8_t indefinite_info = 31; // RFC 8949, section 3: additional information 31

} // namespace

std::byte* write_long_head(std::byte* out, major type, std::uint64_t value) noexcept {
  auto first = static_cast<std::uint8_t>(static_cast<std::uint8_t>(type) << 5);
  int bytes = value <= 0xff ? 1 : value <= 0xffff ? 2 : value <= 0xffffffff ? 4 : 8;
  int info = bytes == 1 ? 24 : bytes == 2 ? 25 : bytes == 4 ? 26 : 27;
  *out++ = static_cast<std::byte>(first | info);
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    *out++ = static_cast<std::byte>(value >> shift);
  return out;
}

std::optional<major> reader::peek() const noexcept {
  if (at_end())
    return std::nullopt;
  return static_cast<major>(std::to_integer<std::uint8_t>(*pos_) >> 5);
}

std::optional<std::uint64_t> reader::long_head(std::uint8_t info, bool may_be_indefinite) noexcept {
  if (info == indefinite_info)
    return may_be_indefinite ? std::optional{indefinite} : std::nullopt;
  if (info > 27)
    return std::nullopt;
  auto bytes = std::size_t{1} << (info - 24);
  if (remaining() < bytes)
    return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value = value << 8 | std::to_integer<std::uint64_t>(*pos_++);
  return value;
}

std::optional<std::string_view> reader::read_text() noexcept {
  auto b = block(major::text);
  if (!b)
    return std::nullopt;
  return std::string_view{reinterpret_cast<const char*>(b->data()), b->size()};
}

std::optional<std::uint64_t> reader::read_map() noexcept {
  auto n = head(major::map, true);
  return n && (*n == indefinite || *n <= remaining() / 2) ? n : std::nullopt;
}

bool reader::skip() noexcept {
  // Items still to come at each level; `indefinite` until a break. No recursion: input is hostile.
  std::array<std::uint64_t, max_depth> left;
  int depth = 0;
  left[0] = 1;
  while (depth >= 0) {
    auto& n = left[static_cast<std::size_t>(depth)];
    if (n == 0 || (n == indefinite && skip_break())) {
      --depth;
      continue;
    }
    if (n != indefinite)
      --n;
    auto type = peek();
    if (!type)
      return false;
    std::uint64_t children = 0;
    switch (*type) {
      case major::uint:
      case major::nint:
        if (!head(*type, false))
          return false;
        break;
      case major::bytes:
      case major::text:
        if (!block(*type)) // indefinite strings are refused, as everywhere here
          return false;
        break;
      case major::tag:
        if (!head(major::tag, false))
          return false;
        children = 1;
        break;
      case major::array:
      case major::map: {
        auto count = *type == major::array ? read_array() : read_map();
        if (!count)
          return false;
        children = *count == indefinite || *type == major::array ? *count : 2 * *count;
        break;
      }
      case major::simple:
        if (*pos_ == break_byte || !head(major::simple, false))
          return false;
        break;
    }
    if (children > 0) {
      if (++depth == max_depth)
        return false;
      left[static_cast<std::size_t>(depth)] = children;
    }
  }
  return true;
}

} // namespace ockam::cbor
