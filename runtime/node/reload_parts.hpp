// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/log.hpp"
#include "runtime/node/config.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

/// What the files of `reloader` share.
namespace ockam::reload_parts {

inline void say(level l, const std::string& what) {
  log(l, "node", what);
}

/// The section of the same name and kind, in whatever form; null when there is none.
template <class Section>
const Section* find_same(const std::vector<Section>& list, const Section& like) {
  auto it = std::find_if(list.begin(), list.end(), [&](auto& s) {
    if constexpr (requires { s.transport; })
      return s.name == like.name && s.transport == like.transport;
    else if constexpr (requires { s.kind; })
      return s.name == like.name && s.kind == like.kind;
    else
      return s.name == like.name;
  });
  return it == list.end() ? nullptr : &*it;
}

inline const service_config* find_named(const std::vector<service_config>& list, std::string_view name) {
  auto it = std::find_if(list.begin(), list.end(), [&](auto& s) { return s.name == name; });
  return it == list.end() ? nullptr : &*it;
}

template <class Section>
void take_out(std::vector<Section>& from, const std::vector<Section>& gone) {
  std::erase_if(from, [&](auto& s) { return find_same(gone, s) != nullptr; });
}

inline std::string title(const service_config& s) {
  return "[service " + s.name + "]";
}

inline std::string title(const config_section& s) {
  return "[" + s.kind + " " + s.name + "]";
}

/// Of a listener or a connection.
template <class Section>
std::string title(const Section& s, std::string_view kind) {
  return "[" + s.transport + "-" + std::string{kind} + " " + s.name + "]";
}

/// For what is in the configuration, unchanged, and does not run.
inline void say_it_stays_ended(const std::string& title, const std::string& hint) {
  say(level::warn, title + " does not run: it was ended at the prompt, or has failed. It stays so until the next start, or: " + hint);
}

} // namespace ockam::reload_parts
