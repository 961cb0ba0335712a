// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/hex.hpp"

#include "runtime/core/address.hpp"

namespace ockam {

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out(2 * bytes.size(), '0');
  auto* at = out.data();
  for (auto b : bytes) {
    *at++ = digits[std::to_integer<std::size_t>(b >> 4)];
    *at++ = digits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return out;
}

result<std::vector<std::byte>> parse_hex(std::string_view text) {
  auto value = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i)
    if (value(text[i]) < 0)
      return error{errc::invalid_argument,
                   "Invalid character '" + printable(text.substr(i, 1)) + "' at position " + std::to_string(i), {}};
  if (text.size() % 2 != 0)
    return error{errc::invalid_argument, "Odd number of digits", {}};
  std::vector<std::byte> out(text.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::byte>(value(text[2 * i]) * 16 + value(text[2 * i + 1]));
  return out;
}

} // namespace ockam
