// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/utf8.hpp"

#include <cstddef>
#include <cstdint>

namespace ockam {

bool is_utf8(std::string_view bytes) noexcept {
  std::size_t i = 0;
  while (i < bytes.size()) {
    auto lead = static_cast<std::uint8_t>(bytes[i]);
    std::size_t more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2
                       : lead >= 0xf0 && lead < 0xf5 ? 3 : 4;
    if (more == 4 || bytes.size() - i <= more)
      return false;
    std::uint32_t point = more == 0 ? lead : lead & (0x3fu >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      auto c = static_cast<std::uint8_t>(bytes[i + k]);
      if ((c & 0xc0) != 0x80)
        return false;
      point = point << 6 | (c & 0x3fu);
    }
    bool over_long = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
    bool surrogate = point >= 0xd800 && point < 0xe000;
    if (over_long || surrogate || point > 0x10ffff)
      return false;
    i += more + 1;
  }
  return true;
}

} // namespace ockam
