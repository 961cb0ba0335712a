// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_file.hpp"

#include "cli/node/ini_document.hpp"
#include "cli/node/sections.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace ockam {

namespace {

/// The directory of a file, from the root.
std::filesystem::path directory_of(const std::string& file) {
  std::error_code gone; // the directory in which this program runs
  auto path = std::filesystem::absolute(file, gone);
  return gone ? std::filesystem::path{} : path.parent_path();
}

class config_reader {
 public:
  config_reader(const std::string& text, const std::string& file, std::span<const service_type> types, node_config& out,
                config_places& places)
    : doc_{text}, file_{file}, directory_{directory_of(file)}, types_{types}, out_{out}, places_{places} {
    places_.file = file;
    for (const auto& p : doc_.problems())
      report(p.line, p.cause, p.hint);
    for (const auto& s : doc_.sections())
      read_section(s);
    if (doc_.sections().empty() && found_.empty()) // somebody is writing it, or has lost it
      report(1, "there is no section in it", "a node has at least [node] with a name");
  }

  config_problems take() && {
    std::stable_sort(found_.begin(), found_.end(), [](auto& l, auto& r) { return l.first < r.first; });
    config_problems out;
    for (auto& [line, e] : found_)
      out.push_back(std::move(e));
    return out;
  }

 private:
  void report(int line, const std::string& cause, std::string hint = {}) {
    found_.emplace_back(line, error{errc::invalid_config, file_ + ":" + std::to_string(line) + ": " + cause, std::move(hint)});
  }

  void read_section(const ini_section& s) {
    auto before = found_.size();
    if (!places_.lines.emplace(s.title, s.line).second) {
      report(s.line, "section [" + printable(s.title) + "] is there twice", "keep one of them");
      node_config nowhere;
      return read_kind(s, nowhere);
    }
    read_kind(s, out_);
    if (found_.size() > before)
      places_.wrong.insert(s.title);
  }

  void read_kind(const ini_section& s, node_config& out) {
    auto blank = s.title.find(' ');
    auto kind = s.title.substr(0, blank);
    auto name = blank == std::string::npos ? std::string{} : s.title.substr(blank + 1);
    if (s.title.empty() && std::any_of(found_.begin(), found_.end(), [&](auto& f) { return f.first == s.line; }))
      return; // empty brackets
    if (s.title.empty())
      return report(s.line, "keys stand before the first section", "begin with [node]");
    const auto* known = find_section_kind(kind);
    if (!known)
      return report(s.line, "there is no section [" + printable(kind) + "]", hint_for_kind(kind));
    const auto& d = known->what;
    if (d.name == section_name::none && !name.empty())
      return report(s.line, "[" + kind + "] has no name in the brackets",
                    find_key(d.keys, "name") ? "write name = " + printable(name) + " below it" : "there is one of them");
    if (d.name != section_name::none && name.empty())
      return report(s.line, "[" + kind + "] needs a name", "for example [" + kind + " main]");
    if (d.name == section_name::address && name.size() > max_name_length)
      return report(s.line, "the address is longer than " + std::to_string(max_name_length) + " bytes");
    auto right = read_keys(s, d);
    for (auto& p : known->add({name, right, types_, directory_}, out))
      report(p.key.empty() ? s.line : places_.line(s.title, p.key), p.cause, std::move(p.hint));
    for (const auto& k : d.keys)
      if (k.required && std::none_of(s.entries.begin(), s.entries.end(), [&](auto& e) { return e.key == k.name; }))
        report(s.line, "[" + printable(s.title) + "] has no " + std::string{k.name}, std::string{k.name} + " = " + std::string{k.example});
    if (d.name == section_name::address && &out == &out_ && !taken_.insert(name).second)
      report(s.line, "the address " + printable(name) + " is used twice", "services and connections of a node need names of their own");
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
  option_texts read_keys(const ini_section& s, const section_descriptor& d) {
    option_texts right;
    std::set<std::string_view> seen;
    for (const auto& e : s.entries) {
      places_.lines.emplace(s.title + "\n" + e.key, e.line);
      if (!seen.insert(e.key).second) {
        report(e.line, "key " + printable(e.key) + " of [" + printable(s.title) + "] is there twice", "keep one of them");
        continue;
      }
      const auto* k = find_key(d.keys, e.key);
      if (!k && !d.open) {
        report(e.line, "[" + d.kind + "] has no key " + printable(e.key), hint_for_unknown(e.key, d.keys));
        continue;
      }
      auto text = k && k->type == key_type::path && !e.value.empty() ? (directory_ / e.value).lexically_normal().string() : e.value;
      if (auto v = k ? read_value(*k, text) : result<key_value>{text}; !v) // keys of an open section are called what they are to whom they are for
        report(e.line, (d.open ? "option " : "") + e.key + ": " + v.error().cause, v.error().hint);
      else
        right.emplace(e.key, std::move(text));
    }
    return right;
  }

  ini_document doc_;
  std::string file_;
  std::filesystem::path directory_;
  std::span<const service_type> types_;
  node_config& out_;
  config_places& places_;
  std::set<std::string> taken_;
  std::vector<std::pair<int, error>> found_;
};

} // namespace

int config_places::line(const std::string& title, const std::string& key) const {
  auto it = key.empty() ? lines.end() : lines.find(title + "\n" + key);
  if (it == lines.end())
    it = lines.find(title);
  return it == lines.end() ? 0 : it->second;
}

config_problems read_config_text(const std::string& text, const std::string& name, std::span<const service_type> service_types,
                                 node_config& out, config_places* places) {
  config_places unwanted;
  return config_reader{text, name, service_types, out, places ? *places : unwanted}.take();
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
