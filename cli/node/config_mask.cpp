// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_mask.hpp"

#include "cli/node/config_value.hpp"
#include "cli/node/ini_document.hpp"
#include "cli/node/sections.hpp"
#include "runtime/core/address.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace ockam {

namespace {

/// Keys beside options of services that nothing shows.
constexpr std::array<std::string_view, 2> hidden_keys{"proxy", "cookie"};
/// An option of a service with one of these in its name is taken for a secret.
constexpr std::array<std::string_view, 8> telling{"secret", "passw", "passphrase", "token", "credential", "api-key", "api_key", "private"};

/// The URL of a proxy without its password.
std::string without_password(const std::string& url) {
  auto scheme = url.find("://");
  auto begin = scheme == std::string::npos ? 0 : scheme + 3;
  auto at = url.rfind('@');
  auto colon = url.find(':', begin);
  if (at == std::string::npos || colon == std::string::npos || colon > at)
    return url;
  return url.substr(0, colon + 1) + std::string{hidden_text} + url.substr(at);
}

std::string lower(std::string s) {
  std::transform(s.begin(), s.end(), s.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return s;
}

} // namespace

bool may_be_secret(const key_descriptor* k) {
  return !k || std::find(hidden_keys.begin(), hidden_keys.end(), k->name) != hidden_keys.end();
}

std::string masked_value(const key_descriptor* k, const std::string& key, const std::string& value) {
  if (k && k->name == "proxy")
    return without_password(value);
  if (k && k->name == "cookie")
    return std::string{hidden_text};
  auto name = lower(key);
  bool tells = !k && std::any_of(telling.begin(), telling.end(), [&](auto w) { return name.find(w) != std::string::npos; });
  return tells ? std::string{hidden_text} : value;
}

std::string masked_config(std::string_view text) {
  std::string out;
  ini_document doc{text};
  for (const auto& s : doc.sections()) {
    const auto* kind = find_section_kind(s.title.substr(0, s.title.find(' ')));
    out += (out.empty() ? "[" : "\n[") + printable(s.title) + "]\n";
    for (const auto& e : s.entries) {
      const auto* k = kind ? find_key(kind->what.keys, e.key) : nullptr;
      auto value = ini_value(masked_value(k, e.key, e.value));
      out += printable(e.key) + " = " + (value ? *value : std::string{hidden_text}) + "\n";
    }
  }
  return out;
}

} // namespace ockam
