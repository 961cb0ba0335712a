// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/url_parts.hpp"

#include <algorithm>

namespace ockam {

bool lacks_port(std::string_view authority) noexcept {
  auto colon = authority.rfind(':'), bracket = authority.rfind(']');
  return colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket);
}

bool is_url_target(std::string_view target) noexcept {
  constexpr std::string_view others = "/?:@!$&'()*+,;=-._~%";
  return target.size() <= max_url_target && std::all_of(target.begin(), target.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

} // namespace ockam
