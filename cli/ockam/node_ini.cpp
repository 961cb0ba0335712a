// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/node_ini.hpp"

#include "cli/node/ini_document.hpp"

#include <algorithm>

namespace ockam::cli {

ini_file::section& ini_file::section::set(std::string key, std::string value) {
  auto it = std::find_if(keys.begin(), keys.end(), [&](auto& k) { return k.first == key; });
  if (it != keys.end())
    it->second = std::move(value);
  else
    keys.emplace_back(std::move(key), std::move(value));
  return *this;
}

ini_file::section& ini_file::at(std::string_view title) {
  auto it = std::find_if(sections_.begin(), sections_.end(), [&](auto& s) { return s.title == title; });
  return it != sections_.end() ? *it : sections_.emplace_back(section{std::string{title}, {}});
}

bool ini_file::contains(std::string_view title) const {
  return std::any_of(sections_.begin(), sections_.end(), [&](auto& s) { return s.title == title; });
}

std::string ini_file::section::take(std::string_view key) {
  auto it = std::find_if(keys.begin(), keys.end(), [&](auto& k) { return k.first == key; });
  if (it == keys.end())
    return {};
  auto value = std::move(it->second);
  keys.erase(it);
  return value;
}

std::vector<ini_file::section*> ini_file::of_kind(std::string_view kind) {
  std::vector<section*> out;
  for (auto& s : sections_)
    if (s.title.starts_with(std::string{kind} + " "))
      out.push_back(&s);
  return out;
}

result<std::string> ini_file::text() const {
  ini_document out{{}};
  for (const auto& s : sections_)
    if (auto ok = out.put(s.title, s.keys); !ok)
      return std::move(ok).error();
  return out.text();
}

ini_file plain_node_ini(const std::string& name) {
  ini_file out;
  out.at("node").set("name", name);
  out.at("tcp-listener default").set("address", "127.0.0.1:0");
  return out;
}

} // namespace ockam::cli
