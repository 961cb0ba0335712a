// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_file.hpp"

#include "cli/node/config_keys.hpp"
#include "cli/node/endpoint_sections.hpp"
#include "cli/node/service_section.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/core/units.hpp"

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

/// All kinds of sections: the first words in the brackets.
const std::vector<std::string_view>& section_kinds() {
  static const auto kinds = [] {
    std::vector<std::string_view> all{"node", "routing", "service"};
    for (const auto& s : endpoint_sections())
      all.push_back(s.name);
    return all;
  }();
  return kinds;
}

std::string joined(std::string before, const std::vector<std::string_view>& list) {
  for (std::size_t i = 0; i < list.size(); ++i)
    before += (i == 0 ? "" : ", ") + std::string{list[i]};
  return before;
}

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

  template <class Candidates>
  static std::string did_you_mean(std::string_view word, const Candidates& list, std::string otherwise) {
    auto near = nearest(word, list);
    return near ? "did you mean " + *near + "?" : std::move(otherwise);
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
    // In the order of the file: the first tcp listener is the one that stands first.
    std::map<int, std::string> in_order;
    for (auto& [name, keys] : sections)
      in_order.emplace(line_of_section(name), name);
    for (auto& [line, name] : in_order)
      read_section(name, sections.at(name));
  }

  void read_section(const std::string& section, const std::map<std::string, std::string>& keys) {
    auto blank = section.find_first_of(" \t");
    auto kind = section.substr(0, blank);
    auto name = blank == std::string::npos ? std::string{} : trim(std::string_view{section}.substr(blank));
    auto line = line_of_section(section);
    if (section.empty())
      return report(line, "keys stand before the first section", "begin with [node]");
    const auto& kinds = section_kinds();
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
      return report(line, "there is no section [" + printable(kind) + "]", did_you_mean(kind, kinds, joined("sections: ", kinds)));
    if (kind == "node" && !name.empty())
      return report(line, "[node] has no name in the brackets", "write name = " + name + " below it");
    if (kind == "routing" && !name.empty())
      return report(line, "[routing] has no name in the brackets", "there is one of them");
    if (kind == "node" || kind == "routing")
      return read_keys(section, keys, kind == "node" ? node_keys() : routing_keys());
    if (name.empty())
      return report(line, "[" + kind + "] needs a name", "for example [" + kind + " main]");
    if (kind == "service")
      return read_service(section, name, line, keys);
    auto all = endpoint_sections();
    auto known = std::find_if(all.begin(), all.end(), [&](auto& e) { return e.name == kind; });
    read_endpoint(section, *known, name, line, keys);
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

  void read_keys(const std::string& section, const std::map<std::string, std::string>& keys, std::span<const node_key> all) {
    std::vector<std::string> names;
    for (const auto& k : all)
      names.emplace_back(k.name);
    for (const auto& [key, value] : keys) {
      auto known = std::find_if(all.begin(), all.end(), [&key = key](auto& k) { return k.name == key; });
      if (known == all.end())
        report(line_of(section, key), "[" + section + "] has no key " + printable(key), did_you_mean(key, names, "the README lists the keys"));
      else
        set_key(section, key, known->set(out_, value));
    }
  }

  void set_key(const std::string& section, const std::string& key, const result<void>& ok) {
    if (!ok)
      report(line_of(section, key), key + ": " + ok.error().cause, ok.error().hint);
  }

  void read_endpoint(const std::string& section, const endpoint_section& kind, const std::string& name, int line,
                     const std::map<std::string, std::string>& keys) {
    std::vector<std::string_view> known{"address", "allow"};
    known.insert(known.end(), kind.keys.begin(), kind.keys.end());
    auto own = kind.listens ? std::span<const connection_key>{} : connection_keys();
    for (const auto& k : own)
      known.push_back(k.name);
    connection_config c;
    std::map<std::string, std::string> options;
    for (const auto& [key, value] : keys)
      if (std::find(known.begin(), known.end(), key) == known.end())
        report(line_of(section, key), "[" + std::string{kind.name} + "] has no key " + printable(key),
               did_you_mean(key, known, joined("keys: ", known)));
      else if (auto k = std::find_if(own.begin(), own.end(), [&key = key](auto& o) { return o.name == key; }); k != own.end())
        set_key(section, key, k->set(c, value));
      else if (key != "address" && key != "allow") {
        if (auto ok = kind.check_options ? kind.check_options({{key, value}}) : result<void>{}; !ok)
          report(line_of(section, key), ok.error().cause, ok.error().hint);
        options.emplace(key, value);
      }
    if (c.retry.most < c.retry.least)
      report(line, "[" + section + "] has a retry-max below its retry-min", "the defaults are 200ms and 1s");
    auto it = keys.find("address");
    if (it == keys.end())
      return report(line, "[" + section + "] has no address", "address = " + std::string{kind.example});
    if (auto valid = kind.check(it->second); !valid)
      return report(line_of(section, "address"), valid.error().cause, valid.error().hint);
    std::string transport{kind.transport};
    auto allow = keys.contains("allow") ? split_list(keys.at("allow")) : std::vector<std::string>{};
    if (kind.listens)
      out_.listeners.push_back({name, transport, it->second, std::move(allow), std::move(options)});
    else if (taken_.insert(name).second) {
      c.name = name;
      c.transport = transport;
      c.address = it->second;
      c.allow = std::move(allow);
      c.options = std::move(options);
      out_.connections.push_back(std::move(c));
    } else
      report(line, "the address " + name + " is used twice", "services and connections of a node need names of their own");
  }

  void read_service(const std::string& section, const std::string& name, int line, const std::map<std::string, std::string>& keys) {
    service_config s;
    for (auto& p : read_service_section(name, keys, types_, std::filesystem::path{file_}.parent_path(), s))
      report(p.key.empty() ? line : line_of(section, p.key), p.cause, std::move(p.hint));
    if (!taken_.insert(name).second)
      return report(line, "the address " + name + " is used twice", "services and connections of a node need names of their own");
    out_.services.push_back(std::move(s));
  }

  location_index where_;
  std::string file_;
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
