// SPDX-License-Identifier: Apache-2.0
#include "identity/identifier.hpp"

#include "runtime/core/hex.hpp"

#include <algorithm>

namespace ockam::identities {

std::string to_string(const identifier& who) { return "I" + to_hex(who.hash); }

result<identifier> parse_identifier(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\v\f";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  text = text.substr(0, text.find_last_not_of(blanks) + 1);
  identifier out;
  auto hex = text.starts_with('I') ? parse_hex(text.substr(1)) : result<std::vector<std::byte>>{error{}};
  if (!hex || hex->size() != out.hash.size())
    return error{errc::invalid_argument, "not an identifier", "an identifier is I and 64 hex digits"};
  std::copy(hex->begin(), hex->end(), out.hash.begin());
  return out;
}

} // namespace ockam::identities
