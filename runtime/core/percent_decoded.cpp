// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/percent_decoded.hpp"

#include <charconv>

namespace ockam {

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned char c = 0;
    auto digits = text.substr(i + 1, 2);
    auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), c, 16);
    if (digits.size() != 2 || ec != std::errc{} || end != digits.data() + 2)
      return std::nullopt;
    out += static_cast<char>(c);
    i += 2;
  }
  return out;
}

} // namespace ockam
