// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_mask.hpp"

#include "cli/node/config_value.hpp"
#include "cli/node/ini_document.hpp"
#include "cli/node/sections.hpp"
#include "runtime/core/address.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

namespace ockam {

namespace {

/// Keys beside options of services that nothing shows.
constexpr std::array<std::string_view, 2> hidden_keys{"proxy", "cookie"};
/// An option of a service with one of these in its name is taken for a secret.
constexpr std::array<std::string_view, 8> telling{"secret", "passw", "passphrase", "token", "credential", "api-key", "api_key", "private"};

std::string lower(std::string s) {
  std::transform(s.begin(), s.end(), s.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return s;
}

/// A text cut where it names something: `${…}` are pieces of their own. One that is no expression is one piece.
struct piece {
  std::string_view text;
  bool is_name;
};

std::vector<piece> pieces_of(std::string_view text, bool is_expression) {
  std::vector<piece> out;
  std::size_t from = 0;
  for (auto at = is_expression ? text.find('$') : std::string_view::npos; at != std::string_view::npos;) {
    auto end = text.substr(at).starts_with("${") ? text.find('}', at) : std::string_view::npos;
    if (end == std::string_view::npos) {
      at = text.find('$', at + (text.substr(at).starts_with("$${") ? 3 : 1));
      continue;
    }
    if (at > from)
      out.push_back({text.substr(from, at - from), false});
    out.push_back({text.substr(at, end + 1 - at), true});
    from = end + 1;
    at = text.find('$', from);
  }
  if (from < text.size())
    out.push_back({text.substr(from), false});
  return out;
}

/// `${NAME:-TEXT}` with something else for TEXT; other names as they are.
template <class F>
std::string with_fallback(std::string_view name, F shown) {
  auto sign = name.find(":-");
  if (sign == std::string_view::npos || name.starts_with("${file:"))
    return std::string{name};
  auto text = name.substr(sign + 2, name.size() - sign - 3);
  return std::string{name.substr(0, sign + 2)} + (text.empty() ? std::string{} : shown(text)) + "}";
}

/// Hides all but names of what is elsewhere.
std::string hide_all(std::string_view text, bool is_expression) {
  std::string out;
  for (const auto& p : pieces_of(text, is_expression))
    out += p.is_name ? with_fallback(p.text, [](auto) { return std::string{hidden_text}; }) : std::string{hidden_text};
  return out;
}

/// The same text with signs in place of names, which may have anything in them: for positions.
std::string without_names(std::string_view text, bool is_expression) {
  std::string out;
  for (const auto& p : pieces_of(text, is_expression))
    out += p.is_name ? std::string(p.text.size(), 'x') : std::string{p.text};
  return out;
}

/// Where the password of a URL stands; nothing where there is none. `bare`: the scheme may be missing.
std::optional<std::pair<std::size_t, std::size_t>> password_in(const std::string& url, bool bare) {
  auto scheme = url.find("://");
  if (scheme == std::string::npos && !bare)
    return std::nullopt;
  auto begin = scheme == std::string::npos ? 0 : scheme + 3;
  auto colon = url.find(':', begin), at = url.rfind('@'), path = url.find('/', begin);
  if (at == std::string::npos || colon == std::string::npos || colon > at)
    return std::nullopt;
  // A password may have any sign of its own; what is behind `HOST:PORT/` is none.
  bool is_port = path != std::string::npos && path < at && path > colon && url.find_first_not_of("0123456789", colon + 1) == path;
  return is_port || (path != std::string::npos && path < colon) ? std::nullopt : std::optional{std::pair{colon + 1, at}};
}

/// `password=TEXT` in the query of a URL, or in a list of settings as databases take it.
std::optional<std::pair<std::size_t, std::size_t>> setting_in(const std::string& text, std::size_t from) {
  constexpr std::string_view ends = "&;, \t";
  for (auto equals = text.find('=', from); equals != std::string::npos; equals = text.find('=', equals + 1)) {
    auto before = equals == 0 ? std::string::npos : text.find_last_of("?&;, \t/", equals - 1);
    auto name = text.substr(before == std::string::npos ? 0 : before + 1, equals - (before == std::string::npos ? 0 : before + 1));
    auto end = std::min(text.find_first_of(ends, equals), text.size());
    if (end > equals + 1 && std::any_of(telling.begin(), telling.end(), [&](auto w) { return name.find(w) != std::string::npos; }))
      return std::pair{equals + 1, end};
  }
  return std::nullopt;
}

/// Passwords of URLs and settings in a value hidden, also in what stands for a variable that is not set.
std::string without_passwords(std::string_view value, bool is_expression, bool bare) {
  std::string text{value};
  if (auto where = password_in(without_names(text, is_expression), bare))
    text.replace(where->first, where->second - where->first, hide_all(std::string_view{text}.substr(where->first, where->second - where->first), is_expression));
  for (std::size_t from = 0;;) {
    auto where = setting_in(lower(without_names(text, is_expression)), from);
    if (!where)
      break;
    auto shown = hide_all(std::string_view{text}.substr(where->first, where->second - where->first), is_expression);
    text.replace(where->first, where->second - where->first, shown);
    from = where->first + shown.size();
  }
  std::string out;
  for (const auto& p : pieces_of(text, is_expression))
    out += p.is_name ? with_fallback(p.text, [&](auto t) { return without_passwords(t, false, bare); }) : std::string{p.text};
  return out;
}

std::string masked(const key_descriptor* k, const std::string& key, const std::string& value, bool is_expression) {
  if (k && k->name == "cookie")
    return hide_all(value, is_expression);
  auto name = lower(key);
  bool tells = !k && std::any_of(telling.begin(), telling.end(), [&](auto w) { return name.find(w) != std::string::npos; });
  return tells ? hide_all(value, is_expression) : without_passwords(value, is_expression, k && k->name == "proxy");
}

} // namespace

bool may_be_secret(const key_descriptor* k) {
  return !k || std::find(hidden_keys.begin(), hidden_keys.end(), k->name) != hidden_keys.end();
}

std::string masked_value(const key_descriptor* k, const std::string& key, const std::string& value) {
  return masked(k, key, value, false);
}

std::string masked_written(const key_descriptor* k, const std::string& key, const std::string& written) {
  return masked(k, key, written, true);
}

std::string masked_config(std::string_view text) {
  std::string out;
  ini_document doc{text};
  for (const auto& s : doc.sections()) {
    const auto* kind = find_section_kind(s.title.substr(0, s.title.find(' ')));
    out += (out.empty() ? "[" : "\n[") + printable(s.title) + "]\n";
    for (const auto& e : s.entries) {
      const auto* k = kind ? find_key(kind->what.keys, e.key) : nullptr;
      auto value = ini_value(masked_written(k, e.key, e.value));
      out += printable(e.key) + " = " + (value ? *value : std::string{hidden_text}) + "\n";
    }
  }
  return out;
}

} // namespace ockam
