// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_file.hpp"

#include "cli/node/config_mask.hpp"
#include "cli/node/sections.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace ockam {

namespace {

class config_reader {
 public:
  config_reader(config_sources from, std::span<const service_type> types, node_config& out, config_places& places)
    : from_{std::move(from)}, types_{types}, out_{out}, places_{places} {
    places_.files = from_.files;
    places_.secrets = from_.secrets;
    for (const auto& p : from_.problems)
      report(p.at, p.cause, p.hint);
    for (const auto& s : from_.sections)
      read_section(s);
    if (from_.sections.empty() && found_.empty()) // somebody is writing it, or has lost it
      report({0, 1}, "there is no section in it", "a node has at least [node] with a name");
  }

  config_problems take() && {
    std::stable_sort(found_.begin(), found_.end(), [](auto& l, auto& r) { return l.first < r.first; });
    config_problems out;
    for (auto& [at, e] : found_)
      out.push_back(std::move(e));
    return out;
  }

 private:
  void report(config_place at, const std::string& cause, std::string hint = {}) {
    found_.emplace_back(at, error{errc::invalid_config, from_.text(at) + ": " + without_secrets(cause, from_.secrets), without_secrets(std::move(hint), from_.secrets)});
  }

  void read_section(const sourced_section& s) {
    auto before = found_.size();
    if (auto [it, fresh] = places_.lines.emplace(s.title, config_places::written{s.at}); !fresh) {
      report(s.at, "section [" + printable(s.title) + "] is there twice" + elsewhere(it->second.at, s.at), "keep one of them");
      node_config nowhere;
      return read_kind(s, nowhere);
    }
    read_kind(s, out_);
    if (found_.size() > before)
      places_.wrong.insert(s.title);
  }

  /// Which other file has it too.
  std::string elsewhere(config_place first, config_place again) const {
    return first.file == again.file ? std::string{} : ", also at " + from_.text(first);
  }

  void read_kind(const sourced_section& s, node_config& out) {
    auto blank = s.title.find(' ');
    auto kind = s.title.substr(0, blank);
    auto name = blank == std::string::npos ? std::string{} : s.title.substr(blank + 1);
    if (s.title.empty() && std::any_of(found_.begin(), found_.end(), [&](auto& f) { return f.first == s.at; }))
      return; // empty brackets
    if (s.title.empty())
      return report(s.at, "keys stand before the first section", "begin with [node]");
    const auto* known = find_section_kind(kind);
    if (!known)
      return report(s.at, "there is no section [" + printable(kind) + "]", hint_for_kind(kind));
    const auto& d = known->what;
    if (d.name == section_name::none && !name.empty())
      return report(s.at, "[" + kind + "] has no name in the brackets",
                    find_key(d.keys, "name") ? "write name = " + printable(name) + " below it" : "there is one of them");
    if (d.name != section_name::none && name.empty())
      return report(s.at, "[" + kind + "] needs a name", "for example [" + kind + " main]");
    if (d.name == section_name::address && name.size() > max_name_length)
      return report(s.at, "the address is longer than " + std::to_string(max_name_length) + " bytes");
    auto right = read_keys(s, d);
    for (auto& p : known->add({name, right, types_, from_.directories[s.at.file]}, out))
      report(p.key.empty() ? s.at : places_.place(s.title, p.key), p.cause, std::move(p.hint));
    for (const auto& k : d.keys)
      if (k.required && std::none_of(s.entries.begin(), s.entries.end(), [&](auto& e) { return e.key == k.name; }))
        report(s.at, "[" + printable(s.title) + "] has no " + std::string{k.name}, std::string{k.name} + " = " + std::string{k.example});
    if (d.name == section_name::address && &out == &out_ && !taken_.insert(name).second)
      report(s.at, "the address " + printable(name) + " is used twice", "services and connections of a node need names of their own");
  }

  static std::string hint_for_kind(const std::string& word) {
    std::vector<std::string_view> kinds;
    std::string list;
    for (const auto& k : section_kinds()) {
      kinds.push_back(k.what.kind);
      list += (list.empty() ? "sections: " : ", ") + k.what.kind;
    }
    auto near = nearest(word, kinds);
    return near ? "did you mean " + *near + "?" : list;
  }

  /// Reports keys that the kind does not have or whose value is wrong, and returns the others.
  option_texts read_keys(const sourced_section& s, const section_descriptor& d) {
    option_texts right;
    std::map<std::string_view, config_place> seen;
    for (const auto& e : s.entries) {
      places_.lines.emplace(s.title + "\n" + e.key, config_places::written{e.at, e.written, e.value.text, e.value.variables, e.value.is_secret});
      if (auto [it, fresh] = seen.emplace(e.key, e.at); !fresh) {
        report(e.at, "key " + printable(e.key) + " of [" + printable(s.title) + "] is there twice" + elsewhere(it->second, e.at), "keep one of them");
        continue;
      }
      const auto* k = find_key(d.keys, e.key);
      if (!k && !d.open) {
        report(e.at, "[" + d.kind + "] has no key " + printable(e.key), hint_for_unknown(e.key, d.keys));
        continue;
      }
      if (e.value.is_secret && !may_be_secret(k)) {
        report(e.at, e.key + ": the content of a file cannot stand here, since a node shows this key", "write the value, or ${NAME} for a variable of the environment");
        continue;
      }
      if (e.is_right)
        read_key(e, k, d, right);
    }
    return right;
  }

  void read_key(const sourced_entry& e, const key_descriptor* k, const section_descriptor& d, option_texts& right) {
    auto text = e.value.text;
    if (k && k->type == key_type::path && !text.empty())
      text = (from_.directories[e.at.file] / text).lexically_normal().string();
    if (auto v = k ? read_value(*k, text) : result<key_value>{text}; !v) // keys of an open section are called what they are to whom they are for
      report(e.at, (d.open ? "option " : "") + e.key + ": " + v.error().cause, v.error().hint);
    else
      right.emplace(e.key, std::move(text));
  }

  config_sources from_;
  std::span<const service_type> types_;
  node_config& out_;
  config_places& places_;
  std::set<std::string> taken_;
  std::vector<std::pair<config_place, error>> found_;
};

} // namespace

const config_places::written* config_places::find(const std::string& title, const std::string& key) const {
  auto it = lines.find(title + "\n" + key);
  return it == lines.end() ? nullptr : &it->second;
}

config_place config_places::place(const std::string& title, const std::string& key) const {
  if (const auto* w = key.empty() ? nullptr : find(title, key))
    return w->at;
  auto it = lines.find(title);
  return it == lines.end() ? config_place{} : it->second.at;
}

std::string config_places::text(config_place at) const {
  return files[at.file] + ":" + std::to_string(at.line);
}

config_problems read_config_text(const std::string& text, const std::string& name, std::span<const service_type> service_types,
                                 node_config& out, config_places* places, const config_world& world) {
  config_places unwanted;
  return config_reader{read_config_sources(text, name, world), service_types, out, places ? *places : unwanted}.take();
}

config_problems read_config_file(const std::string& path, std::span<const service_type> service_types, node_config& out,
                                 config_places* places) {
  std::ifstream in{path};
  std::error_code unseen;
  if (!in || std::filesystem::is_directory(path, unseen)) { // a directory opens, but cannot be read
    auto e = system_error("cannot read " + path, in ? EISDIR : errno);
    e.code = errc::invalid_config;
    e.hint = "examples/ has configurations to begin with";
    return {e};
  }
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  return read_config_text(text, path, service_types, out, places);
}

} // namespace ockam
