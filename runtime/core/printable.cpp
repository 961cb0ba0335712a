// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/printable.hpp"

#include "runtime/core/address.hpp"

namespace ockam {

std::string printable_lines(std::string_view text) {
  std::string out;
  while (true) {
    auto end = text.find_first_of("\n\t");
    out += printable(text.substr(0, end));
    if (end == std::string_view::npos)
      return out;
    out.push_back(text[end]);
    text.remove_prefix(end + 1);
  }
}

} // namespace ockam
