// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/access_control.hpp"

namespace ockam {

namespace {

std::string_view trimmed(std::string_view s) {
  constexpr std::string_view blanks{" \t"};
  auto begin = s.find_first_not_of(blanks);
  return begin == s.npos ? std::string_view{} : s.substr(begin, s.find_last_not_of(blanks) - begin + 1);
}

/// The words between the bars.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at <= text.size();) {
    auto end = std::min(text.find('|', at), text.size());
    out.push_back(trimmed(text.substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

/// What a secure channel proves: `I` and 64 hex digits, in the form in which they are compared.
bool is_identifier(std::string_view word) {
  constexpr std::size_t digits = 64;
  return word.size() == 1 + digits && word.front() == 'I' && word.find_first_not_of("0123456789abcdef", 1) == word.npos;
}

} // namespace

bool access_control::admits(const message& m) const {
  if (!from)
    return true;
  if (m.is_local())
    return from->local;
  const auto* who = m.identity();
  return std::any_of(from->flows.begin(), from->flows.end(), [&](auto flow) { return m.source().has(flow); })
         || (who && std::find(from->identities.begin(), from->identities.end(), *who) != from->identities.end());
}

bool access_control::may_send_to(address_view next, bool leaves) const {
  auto is_next = [&](const address& a) { return static_cast<address_view>(a) == next; };
  return !onward || (onward->local && !leaves) || std::any_of(onward->to.begin(), onward->to.end(), is_next);
}

result<access_control::incoming> parse_allow_from(const std::string& text) {
  access_control::incoming out;
  for (auto word : words_of(text)) {
    if (word == "local")
      out.local = true;
    else if (word.find('=') != word.npos || is_identifier(word))
      out.identities.emplace_back(word);
    else
      return error{errc::invalid_argument, printable(word) + " is neither local nor an identity",
                   "for example: local | uid=1000 | CN=n1,O=Example | I and 64 hex digits"};
  }
  return out;
}

result<access_control::outgoing> parse_allow_to(const std::string& text) {
  access_control::outgoing out;
  for (auto word : words_of(text)) {
    if (word == "local")
      out.local = true;
    else if (!word.empty() && word.size() <= max_name_length)
      out.to.emplace_back(std::string{word});
    else
      return error{errc::invalid_argument, "an address is missing or too long", "for example: local | to-n2"};
  }
  return out;
}

} // namespace ockam
