// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/node_yaml.hpp"

#include "channels/keys.hpp"
#include "cli/node/config_sources.hpp"
#include "cli/node/sections.hpp"
#include "portals/keys.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/core/units.hpp"
#include "transports/list.hpp"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

namespace ockam::cli {

namespace {

/// `tcp-listener-address`: the first listener of a transport.
constexpr const char* address_suffix = "-listener-address";

using variable_map = std::map<std::string, std::string>;

error wrong(std::string cause, std::string hint = {}) {
  return {errc::invalid_config, std::move(cause), std::move(hint)};
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// `$NAME` and `${NAME}` replaced; a $ that no name follows stays.
result<std::string> expand(const std::string& text, const variable_map& given, const variable_map& own) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      out.push_back(text[i++]);
      continue;
    }
    bool braces = i + 1 < text.size() && text[i + 1] == '{';
    auto begin = i + (braces ? 2 : 1);
    auto end = begin;
    while (end < text.size() && is_name_char(text[end]))
      ++end;
    if (end == begin || (braces && (end == text.size() || text[end] != '}'))) {
      out.push_back(text[i++]);
      continue;
    }
    auto name = text.substr(begin, end - begin);
    const char* environment = std::getenv(name.c_str());
    if (auto it = given.find(name); it != given.end())
      out += it->second;
    else if (environment)
      out += environment;
    else if (auto o = own.find(name); o != own.end())
      out += o->second;
    else
      return wrong("Failed to resolve variable '" + name + "': it is not set", "give it with --variable " + name + "=VALUE");
    i = end + (braces ? 1 : 0);
  }
  return out;
}

/// yaml-cpp throws; its errors become ours here.
result<YAML::Node> load(const std::string& text) {
  try {
    auto node = YAML::Load(text);
    if (!node.IsMap() && !node.IsNull())
      return wrong("the configuration is not a YAML map", "for example: {name: n1, tcp-listener-address: \"127.0.0.1:4000\"}");
    return node;
  } catch (const YAML::DeepRecursion&) {
    return wrong("the configuration is nested too deep", "nothing in it has to be deeper than a map in a list in a map");
  } catch (const YAML::Exception& e) {
    return wrong("the configuration is no YAML: " + std::string{e.msg} + " at line " + std::to_string(e.mark.line + 1) + " column "
                 + std::to_string(e.mark.column + 1));
  }
}

std::string with_hyphens(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return key;
}

std::string scalar(const YAML::Node& n) {
  return n.IsScalar() ? n.Scalar() : std::string{};
}

/// yaml-cpp takes the last one.
result<void> no_key_twice(const YAML::Node& map) {
  std::set<std::string> seen;
  for (const auto& e : map)
    if (auto key = scalar(e.first); !seen.insert(key).second)
      return wrong("key " + printable(key) + " is there twice, at line " + std::to_string(e.first.Mark().line + 1), "keep one of them");
  return {};
}

/// A scalar, or a list of them joined by commas, as INI values are. Nothing for anything else.
std::optional<std::string> flat(const YAML::Node& n) {
  if (n.IsScalar())
    return n.Scalar();
  if (!n.IsSequence())
    return std::nullopt;
  std::string out;
  for (const auto& item : n) {
    if (!item.IsScalar())
      return std::nullopt;
    out += (out.empty() ? "" : ", ") + item.Scalar();
  }
  return out;
}

/// The key of the reference's commands that says what an outlet or an inlet is called; empty for other kinds.
std::string_view name_key_of(const section_descriptor& what) {
  return what.kind == portal::outlet_kind ? "from" : what.kind == portal::inlet_kind ? "alias" : "";
}

/// Options of one outlet or inlet, without a name in front: `tcp-outlets: {to: 8080}`.
bool is_one(const section_descriptor& what, const YAML::Node& value) {
  return !name_key_of(what).empty() && value.IsMap() && value["to"] && value["to"].IsScalar();
}

class yaml_reader {
 public:
  yaml_reader(const YAML::Node& root, const std::filesystem::path& directory) : root_{root}, directory_{directory} {
    for (const auto& k : node_.keys)
      known_.emplace_back(k.name);
    known_.insert(known_.end(), {"variables", "version"});
    for (const auto& t : transport_descriptors)
      known_.push_back(std::string{t.name} + address_suffix);
    for (const auto& [what, add] : section_kinds())
      if (what.kind != node_.kind)
        known_.push_back(what.name == section_name::none ? what.kind : what.kind + "s");
  }

  result<yaml_node> read() {
    out_.ini.at("node");
    if (auto ok = no_key_twice(root_); !ok)
      return std::move(ok).error();
    for (const auto& entry : root_) {
      auto key = with_hyphens(scalar(entry.first));
      if (auto ok = read_key(key, entry.second); !ok)
        return std::move(ok).error();
    }
    return std::move(out_);
  }

 private:
  result<void> read_key(const std::string& key, const YAML::Node& value) {
    if (key == "variables" || key == "version" || value.IsNull())
      return {};
    if (key == "name") {
      out_.name = scalar(value);
      return {};
    }
    if (key == "identity" && value.IsScalar()) {
      out_.identity = scalar(value);
      return {};
    }
    if (find_key(node_.keys, key))
      return set(out_.ini.at(node_.kind), node_, key, value);
    for (const auto& t : transport_descriptors)
      if (key == std::string{t.name} + address_suffix)
        return set(out_.ini.at(std::string{t.name} + "-listener default"), find_section_kind(std::string{t.name} + "-listener")->what, "address", value);
    for (const auto& [what, add] : section_kinds()) {
      if (what.name == section_name::none ? key != what.kind || key == node_.kind : key != what.kind && key != what.kind + "s")
        continue;
      return what.name == section_name::none ? section(key, what, value) : entries(what, value);
    }
    auto near = nearest(key, known_);
    out_.warnings.push_back("the configuration has a key that is not supported: " + printable(key)
                            + (near ? " (did you mean " + *near + "?)" : "") + ", it is ignored");
    return {};
  }

  result<void> set(ini_file::section& to, const section_descriptor& what, const std::string& key, const YAML::Node& value) const {
    auto text = flat(value);
    if (!text)
      return wrong(key + " has to be a single value or a list of them, at line " + std::to_string(value.Mark().line + 1));
    const auto* k = find_key(what.keys, key);
    if (k && k->type == key_type::flag && (*text == "true" || *text == "false"))
      *text = *text == "true" ? "yes" : "no";
    bool is_path = k && k->type == key_type::path && !text->empty();
    to.set(key, what.kind == include_kind ? all_from_here(*text) : is_path ? (directory_ / *text).lexically_normal().string() : with_files_from_here(*text));
    return {};
  }

  /// Names of files with commas between, from the root.
  std::string all_from_here(const std::string& list) const {
    std::string out;
    for (const auto& one : split_list(list))
      out += (out.empty() ? "" : ", ") + (directory_ / one).lexically_normal().string();
    return out;
  }

  /// `${file:PATH}` is read when the node starts, which looks from elsewhere.
  std::string with_files_from_here(std::string text) const {
    constexpr std::string_view word = "${file:";
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + word.size())) {
      auto begin = at + word.size();
      auto end = std::min(text.find('}', begin), text.size());
      text.replace(begin, end - begin, (directory_ / text.substr(begin, end - begin)).lexically_normal().string());
    }
    return text;
  }

  /// A map of names, a list, or one value; each entry a map of keys or the value of the kind's main key. Where a kind has
  /// no main key, one value is a name, and a map of keys alone is one that is called default.
  result<void> entries(const section_descriptor& what, const YAML::Node& value) {
    if (what.main_key.empty() && value.IsMap() && has_only_keys(what, value))
      return section(what.kind + " " + (value["name"] ? scalar(value["name"]) : "default"), what, value);
    if (value.IsMap() && !is_one(what, value)) {
      if (auto ok = no_key_twice(value); !ok)
        return ok;
      for (const auto& e : value) {
        auto name = scalar(e.first);
        auto ok = is_listener(what, name, e.second) ? listener(e.second) : section(what.kind + " " + name, what, e.second);
        if (!ok)
          return ok;
      }
      return {};
    }
    if (!value.IsSequence())
      return section(what.kind + " " + name_for(what, value, 1), what, value);
    std::size_t n = 0;
    for (const auto& e : value) {
      bool is_named = what.main_key.empty() && e.IsMap(); // `- NAME: {…}`
      if (auto ok = is_named ? entries(what, e) : section(what.kind + " " + name_for(what, e, ++n), what, e); !ok)
        return ok;
    }
    return {};
  }

  /// Among `services` the reference has listeners of secure channels, which are a kind of their own here.
  static bool is_listener(const section_descriptor& what, const std::string& name, const YAML::Node& value) {
    auto has = [&](const char* key) { return value.IsMap() && value[key]; };
    return what.kind == "service" && with_hyphens(name) == channels::listener_kind && !value.IsScalar() && !has("type") && !has("plugin")
           && !has("script");
  }

  /// `{address, authorized-identifiers, disabled, identity}` of the reference, beside the keys that a listener has here.
  result<void> listener(const YAML::Node& value) {
    const auto& what = find_section_kind(channels::listener_kind)->what;
    if (value.IsSequence())
      return wrong("services: " + std::string{channels::listener_kind} + " has to be a map of keys");
    std::vector<std::pair<std::string, YAML::Node>> keys;
    std::string address = "api";
    if (auto ok = no_key_twice(value); !ok)
      return ok;
    for (const auto& e : value) {
      auto key = with_hyphens(scalar(e.first));
      if (key == "address")
        address = without_service(scalar(e.second));
      else if (key == "disabled" && (scalar(e.second) == "true" || scalar(e.second) == "yes"))
        return {};
      else if (key != "disabled" && !e.second.IsNull())
        keys.emplace_back(key == "authorized-identifiers" ? "authorized" : key, e.second);
    }
    auto& s = out_.ini.at(std::string{channels::listener_kind} + " " + address);
    for (const auto& [key, text] : keys)
      if (auto ok = set(s, what, key, text); !ok)
        return ok;
    return {};
  }

  static std::string without_service(std::string name) {
    constexpr std::string_view prefix = "/service/";
    return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
  }

  static bool has_only_keys(const section_descriptor& what, const YAML::Node& value) {
    return std::all_of(value.begin(), value.end(), [&](const auto& e) {
      auto key = with_hyphens(scalar(e.first));
      return !e.second.IsMap() && (key == "name" || key == "to" || find_key(what.keys, key));
    });
  }

  /// A service in a list has its type as name, as the default services do; others are numbered.
  static std::string name_for(const section_descriptor& what, const YAML::Node& value, std::size_t n) {
    if (value.IsMap() && value["name"])
      return scalar(value["name"]);
    if (what.main_key.empty() && value.IsScalar())
      return value.Scalar();
    if (auto key = std::string{name_key_of(what)}; !key.empty() && value.IsMap() && value[key])
      return without_service(scalar(value[key]));
    if (what.kind == portal::outlet_kind && n == 1)
      return "outlet";
    return what.main_key == "type" && value.IsScalar() ? value.Scalar() : what.kind + "-" + std::to_string(n);
  }

  result<void> section(const std::string& title, const section_descriptor& what, const YAML::Node& value) {
    auto& s = out_.ini.at(title);
    if (!value.IsMap() && what.main_key.empty() && what.name != section_name::none)
      return {}; // only a name
    if (!value.IsMap())
      return what.main_key.empty() ? result<void>{wrong(title + " has to be a map of keys")}
                                   : set(s, what, std::string{what.main_key}, value);
    if (auto ok = no_key_twice(value); !ok)
      return ok;
    for (const auto& e : value)
      if (auto key = with_hyphens(scalar(e.first)); !is_said(what, key))
        if (auto ok = set(s, what, key, e.second); !ok)
          return ok;
    return {};
  }

  /// Whether the key says what the title says, or (`at`) what the whole configuration does.
  static bool is_said(const section_descriptor& what, const std::string& key) {
    auto own = name_key_of(what);
    return (key == "name" && what.name != section_name::none) || (!own.empty() && (key == own || key == "at"));
  }

  const YAML::Node& root_;
  const std::filesystem::path& directory_;
  const section_descriptor& node_ = find_section_kind("node")->what;
  std::vector<std::string> known_;
  yaml_node out_;
};

} // namespace

result<yaml_node> read_node_yaml(const std::string& text, const variable_map& variables, const std::filesystem::path& directory) {
  auto raw = load(text);
  if (!raw)
    return std::move(raw).error();
  variable_map own;
  if (auto list = (*raw)["variables"]; list && list.IsMap())
    for (const auto& v : list)
      own[scalar(v.first)] = scalar(v.second);
  auto expanded = expand(text, variables, own);
  if (!expanded)
    return std::move(expanded).error();
  auto root = load(*expanded);
  if (!root)
    return std::move(root).error();
  try {
    return yaml_reader{*root, directory}.read();
  } catch (const YAML::Exception& e) {
    return wrong("the configuration cannot be read: " + std::string{e.what()});
  }
}

bool looks_like_yaml(const std::string& text) {
  return text.find_first_of(":{") != std::string::npos;
}

} // namespace ockam::cli
