// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/bare.hpp"

#include "runtime/core/utf8.hpp"

namespace ockam::bare {

void append_uint(std::vector<std::byte>& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<std::byte>(value | 0x80));
  out.push_back(static_cast<std::byte>(value));
}

void append_string(std::vector<std::byte>& out, std::string_view text) {
  append_uint(out, text.size());
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  out.insert(out.end(), first, first + text.size());
}

std::vector<std::byte> encode_string(std::string_view text) {
  std::vector<std::byte> out;
  out.reserve(text.size() + 4);
  append_string(out, text);
  return out;
}

std::optional<std::uint64_t> read_uint(std::span<const std::byte>& in) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < in.size() && i < 10; ++i) {
    auto byte = std::to_integer<std::uint64_t>(in[i]);
    if (i == 9 && byte != 1) // the tenth byte has room for one bit
      return std::nullopt;
    value |= (byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      in = in.subspan(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> read_string(std::span<const std::byte>& in) {
  auto rest = in;
  auto length = read_uint(rest);
  if (!length || *length > rest.size())
    return std::nullopt;
  std::string_view text{reinterpret_cast<const char*>(rest.data()), static_cast<std::size_t>(*length)};
  in = rest.subspan(text.size());
  return text;
}

std::optional<std::string_view> decode_string(std::span<const std::byte> payload) {
  auto text = read_string(payload);
  return text && is_utf8(*text) ? text : std::nullopt;
}

} // namespace ockam::bare
