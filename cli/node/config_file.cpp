// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_file.hpp"

#include "cli/node/sections.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace ockam {

namespace {

std::string trim(std::string_view s) {
  auto first = s.find_first_not_of(" \t\r");
  return first == std::string_view::npos ? std::string{} : std::string{s.substr(first, s.find_last_not_of(" \t\r") - first + 1)};
}

/// Which line holds what. Boost.Program_options parses the file but does not say where things stand, and
/// takes two sections of the same name for one.
struct location_index {
  std::map<std::string, int> sections;           ///< first line of each
  std::map<std::string, int> keys;               ///< `section.key` → line
  std::vector<std::pair<int, std::string>> again; ///< second definitions: line, what
  std::vector<int> syntax;                       ///< neither section, key nor comment

  explicit location_index(const std::string& text) {
    std::istringstream in{text};
    std::string raw, section;
    for (int line = 1; std::getline(in, raw); ++line) {
      auto s = trim(raw.substr(0, raw.find('#')));
      if (s.empty())
        continue;
      if (s.front() == '[' && s.back() == ']') {
        section = trim(std::string_view{s}.substr(1, s.size() - 2));
        if (!sections.emplace(section, line).second)
          again.emplace_back(line, "section [" + section + "]");
      } else if (auto eq = s.find('='); eq != std::string::npos && eq > 0) {
        auto key = trim(std::string_view{s}.substr(0, eq));
        if (!keys.emplace(section + "." + key, line).second)
          again.emplace_back(line, "key " + key + " of [" + section + "]");
      } else {
        syntax.push_back(line);
      }
    }
  }
};

class config_reader {
 public:
  config_reader(const std::string& text, const std::string& file, std::span<const service_type> types, node_config& out)
    : where_{text}, file_{file}, types_{types}, out_{out} {
    check_form();
    if (problems_.empty())
      parse(text);
  }

  config_problems take() && {
    std::stable_sort(found_.begin(), found_.end(), [](auto& l, auto& r) { return l.first < r.first; });
    for (auto& [line, e] : found_)
      problems_.push_back(std::move(e));
    return std::move(problems_);
  }

 private:
  void report(int line, const std::string& cause, std::string hint = {}) {
    found_.emplace_back(line, error{errc::invalid_config, file_ + ":" + std::to_string(line) + ": " + cause, std::move(hint)});
  }

  void check_form() {
    for (auto line : where_.syntax)
      report(line, "this line is neither a section nor key = value", "sections look like [node], keys like name = n1");
    for (auto& [line, what] : where_.again)
      report(line, what + " is there twice", "keep one of them");
    form_bad_ = !where_.syntax.empty();
  }

  void parse(const std::string& text) {
    namespace po = boost::program_options;
    if (form_bad_)
      return;
    std::istringstream in{text};
    std::map<std::string, std::map<std::string, std::string>> sections;
    for (auto& [name, line] : where_.sections)
      sections[name];
    try {
      auto parsed = po::parse_config_file(in, po::options_description{}, true);
      for (const auto& o : parsed.options) {
        // `section.key`; names of sections may have dots, keys have none.
        auto dot = o.string_key.rfind('.');
        auto section = dot == std::string::npos ? std::string{} : o.string_key.substr(0, dot);
        auto key = o.string_key.substr(dot == std::string::npos ? 0 : dot + 1);
        sections[section][key] = o.value.empty() ? std::string{} : o.value.front();
      }
    } catch (const po::error& e) {
      return report(1, e.what());
    }
    // In the order of the file: the first listener is the one that stands first.
    std::map<int, std::string> in_order;
    for (auto& [name, keys] : sections)
      in_order.emplace(line_of_section(name), name);
    for (auto& [line, name] : in_order)
      read_section(name, sections.at(name));
  }

  void read_section(const std::string& section, const option_texts& keys) {
    auto blank = section.find_first_of(" \t");
    auto kind = section.substr(0, blank);
    auto name = blank == std::string::npos ? std::string{} : trim(std::string_view{section}.substr(blank));
    auto line = line_of_section(section);
    if (section.empty())
      return report(line, "keys stand before the first section", "begin with [node]");
    const auto* known = find_section_kind(kind);
    if (!known)
      return report(line, "there is no section [" + printable(kind) + "]", hint_for_kind(kind));
    const auto& d = known->what;
    if (d.name == section_name::none && !name.empty())
      return report(line, "[" + kind + "] has no name in the brackets",
                    find_key(d.keys, "name") ? "write name = " + name + " below it" : "there is one of them");
    if (d.name != section_name::none && name.empty())
      return report(line, "[" + kind + "] needs a name", "for example [" + kind + " main]");
    auto right = check_keys(section, d, keys);
    for (auto& p : known->add({name, right, types_, directory_}, out_))
      report(p.key.empty() ? line : line_of(section, p.key), p.cause, std::move(p.hint));
    for (const auto& k : d.keys)
      if (k.required && !keys.contains(std::string{k.name}))
        report(line, "[" + section + "] has no " + std::string{k.name}, std::string{k.name} + " = " + std::string{k.example});
    if (d.name == section_name::address && !taken_.insert(name).second)
      report(line, "the address " + name + " is used twice", "services and connections of a node need names of their own");
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

  /// Reports those that the kind does not have or whose value is wrong, and returns the others.
  option_texts check_keys(const std::string& section, const section_descriptor& d, const option_texts& keys) {
    option_texts right;
    for (const auto& [key, text] : keys) {
      const auto* k = find_key(d.keys, key);
      auto v = k ? read_value(*k, text) : result<key_value>{text};
      if (!k && !d.open)
        report(line_of(section, key), "[" + d.kind + "] has no key " + printable(key), hint_for_unknown(key, d.keys));
      else if (!v) // keys of an open section are called what they are to whom they are for
        report(line_of(section, key), (d.open ? "option " : "") + key + ": " + v.error().cause, v.error().hint);
      else
        right.emplace(key, text);
    }
    return right;
  }

  int line_of_section(const std::string& section) const {
    if (auto it = where_.sections.find(section); it != where_.sections.end())
      return it->second;
    int first = 1;
    for (auto& [key, line] : where_.keys)
      if (key.starts_with(section + "."))
        first = line;
    return first;
  }

  int line_of(const std::string& section, const std::string& key) const {
    auto it = where_.keys.find(section + "." + key);
    return it == where_.keys.end() ? 1 : it->second;
  }

  location_index where_;
  std::string file_;
  std::filesystem::path directory_ = std::filesystem::path{file_}.parent_path();
  std::span<const service_type> types_;
  node_config& out_;
  std::set<std::string> taken_;
  bool form_bad_ = false;
  std::vector<std::pair<int, error>> found_;
  config_problems problems_;
};

} // namespace

config_problems read_config_text(const std::string& text, const std::string& name,
                                 std::span<const service_type> service_types, node_config& out) {
  return config_reader{text, name, service_types, out}.take();
}

config_problems read_config_file(const std::string& path, std::span<const service_type> service_types, node_config& out) {
  std::ifstream in{path};
  std::error_code unseen;
  if (!in || std::filesystem::is_directory(path, unseen)) { // a directory opens, but cannot be read
    auto e = system_error("cannot read " + path, in ? EISDIR : errno);
    e.code = errc::invalid_config;
    e.hint = "examples/ has configurations to begin with";
    return {e};
  }
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  return read_config_text(text, path, service_types, out);
}

} // namespace ockam
