// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/section.hpp"
#include "runtime/node/config.hpp"

#include <span>
#include <string>
#include <vector>

namespace ockam {

/// A value of this key as it is written: 1MiB, 10s, yes.
std::string value_text(const key_descriptor& k, const key_value& v);

/// A field of a configuration: how a key sets it, and its value.
template <class Config>
struct config_field {
  void (*set)(Config& c, const key_value& v); ///< `v` is of the type of the key
  key_value (*get)(const Config& c);          ///< of the same type; an empty text, path or list: nothing was said
};

/// A key and the field of a configuration that it sets.
template <class Config>
struct config_key {
  key_descriptor what;
  config_field<Config> field;

  void set(Config& c, const key_value& v) const { field.set(c, v); }
  /// The value as it would be written; empty where nothing was said.
  std::string text(const Config& c) const { return value_text(what, field.get(c)); }
};

using node_key = config_key<node_config>;
using connection_key = config_key<connection_config>;

/// Keys of the section `[node]`, in the order of help; also command-line options of the same names.
std::span<const node_key> node_keys();
/// Those of the section `[routing]`, options as well.
std::span<const node_key> routing_keys();
/// Those of the section `[identity]`.
std::span<const node_key> identity_keys();
/// Those of the section `[tracing]`.
std::span<const node_key> tracing_keys();
/// Those of the sections of connections, of every transport, beside `address` and `allow`.
std::span<const connection_key> connection_keys();

/// Reads the text and sets the field. Errors: those of `read_value`.
template <class Config>
result<void> set_key(const config_key<Config>& k, Config& c, const std::string& text) {
  auto v = read_value(k.what, text);
  if (!v)
    return std::move(v).error();
  k.set(c, *v);
  return {};
}

/// Sets those of `texts` that are among `keys` and right.
template <class Config>
void set_keys(std::span<const config_key<Config>> keys, Config& c, const option_texts& texts) {
  for (const auto& k : keys)
    if (auto it = texts.find(std::string{k.what.name}); it != texts.end())
      (void)set_key(k, c, it->second);
}

template <class Config>
std::vector<key_descriptor> descriptors_of(std::span<const config_key<Config>> keys) {
  std::vector<key_descriptor> out;
  for (const auto& k : keys)
    out.push_back(k.what);
  return out;
}

} // namespace ockam
