// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_sources.hpp"

#include "cli/node/ini_document.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/core/units.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace ockam {

namespace fs = std::filesystem;

namespace {

/// The directory of a file, from the root.
fs::path directory_of(const std::string& file) {
  std::error_code gone; // the directory in which this program runs
  auto path = fs::absolute(file, gone);
  return gone ? fs::path{} : path.parent_path();
}

/// By which it is known that two names are one file.
std::string identity_of(const std::string& file) {
  std::error_code unseen;
  auto path = fs::weakly_canonical(file, unseen);
  return unseen ? file : path.string();
}

bool has_wildcard(std::string_view s) {
  return s.find_first_of("*?[") != std::string_view::npos;
}

class sources_reader {
 public:
  sources_reader(const config_world& world, config_sources& out) : world_{world}, out_{out} {}

  void read(std::string_view text, const std::string& file) {
    auto number = out_.files.size();
    out_.files.push_back(file);
    out_.directories.push_back(directory_of(file));
    auto id = identity_of(file);
    under_way_.push_back({id, file});
    seen_.insert(std::move(id));
    ini_document doc{text};
    for (const auto& p : doc.problems())
      out_.problems.push_back({{number, p.line}, p.cause, p.hint});
    bool includes = false;
    for (const auto& s : doc.sections())
      if (s.title == include_kind) {
        if (std::exchange(includes, true))
          report({number, s.line}, "section [include] is there twice in this file", "keep one of them: files = A, B");
        include(s, number);
      } else {
        add(sourced(s, number));
      }
    under_way_.pop_back();
  }

 private:
  void report(config_place at, std::string cause, std::string hint = {}) {
    out_.problems.push_back({at, std::move(cause), std::move(hint)});
  }

  void add(sourced_section s) {
    if (s.title.find(' ') != std::string::npos) { // named: of these there may be very many
      out_.sections.push_back(std::move(s));
      return;
    }
    auto before = std::find_if(out_.sections.begin(), out_.sections.end(),
                               [&](auto& one) { return one.title == s.title && one.at.file != s.at.file; });
    if (before == out_.sections.end())
      out_.sections.push_back(std::move(s));
    else
      before->entries.insert(before->entries.end(), std::make_move_iterator(s.entries.begin()), std::make_move_iterator(s.entries.end()));
  }

  sourced_section sourced(const ini_section& s, std::size_t file) {
    sourced_section out{s.title, {file, s.line}, {}};
    for (const auto& e : s.entries) {
      sourced_entry one{e.key, e.value, {}, {file, e.line}, true};
      if (auto v = expand_value(e.value, out_.directories[file].string(), world_)) {
        one.value = *std::move(v);
        out_.secrets.insert(out_.secrets.end(), one.value.secrets.begin(), one.value.secrets.end());
      } else {
        one.is_right = false;
        report({file, e.line}, printable(e.key) + ": " + v.error().cause, v.error().hint);
      }
      out.entries.push_back(std::move(one));
    }
    return out;
  }

  void include(const ini_section& s, std::size_t file) {
    bool names_files = false;
    for (const auto& e : s.entries) {
      if (e.key != include_keys[0].name) {
        report({file, e.line}, "[include] has no key " + printable(e.key), hint_for_unknown(e.key, include_keys));
        continue;
      }
      if (std::exchange(names_files, true)) {
        report({file, e.line}, "key files of [include] is there twice", "keep one of them: files = A, B");
        continue;
      }
      auto v = expand_value(e.value, out_.directories[file].string(), world_);
      if (!v)
        report({file, e.line}, "files: " + v.error().cause, v.error().hint);
      else if (v->is_secret)
        report({file, e.line}, "files: the content of a file cannot stand here, names of files are shown", "write the name, or ${NAME} for a variable of the environment");
      else
        for (const auto& pattern : split_list(v->text))
          include_pattern(pattern, {file, e.line});
    }
    if (!names_files)
      report({file, s.line}, "[include] has no files", "files = " + std::string{include_keys[0].example});
  }

  void include_pattern(const std::string& pattern, config_place at) {
    auto path = (fs::path{out_.files[at.file]}.parent_path() / pattern).lexically_normal();
    if (has_wildcard(path.parent_path().string()) && has_wildcard(fs::path{pattern}.parent_path().string()))
      return report(at, "files: " + printable(pattern) + " has a * or ? in its directory", "only the last part may have them: conf.d/*.ini");
    if (!has_wildcard(fs::path{pattern}.filename().string()))
      return include_file(path.string(), at);
    auto found = world_.match(path.parent_path().string(), path.filename().string(), max_included_files);
    if (!found)
      return report(at, "files: " + found.error().cause, "make the directory, or take the pattern out");
    for (const auto& f : *found)
      include_file(f, at);
  }

  void include_file(const std::string& file, config_place at) {
    auto id = identity_of(file);
    if (auto it = std::find_if(under_way_.begin(), under_way_.end(), [&](auto& u) { return u.id == id; }); it != under_way_.end())
      return report(at, "the configuration includes itself: " + chain_to(file), "take the file out of files");
    if (seen_.contains(id))
      return report(at, printable(file) + " is included twice", "keep one of them");
    if (under_way_.size() > max_include_depth)
      return report(at, "files include each other more than " + std::to_string(max_include_depth) + " deep: " + chain_to(file), "include them from fewer files");
    if (out_.files.size() > max_included_files)
      return too_much(at, "there are more than " + std::to_string(max_included_files) + " included files");
    auto text = world_.read(file, max_config_bytes);
    if (!text)
      return report(at, "files: " + text.error().cause, "relative to " + out_.directories[at.file].string() + "; conf.d/*.ini may match nothing");
    bytes_ += text->size();
    if (bytes_ > max_config_bytes)
      return too_much(at, "included files have more than " + size_text(max_config_bytes));
    read(*text, file);
  }

  void too_much(config_place at, std::string cause) {
    if (!std::exchange(said_too_much_, true))
      report(at, std::move(cause), "a node is described by fewer");
  }

  std::string chain_to(const std::string& file) const {
    std::string out;
    for (const auto& u : under_way_)
      out += printable(u.name) + " → ";
    return out + printable(file);
  }

  struct open_file {
    std::string id;
    std::string name;
  };

  const config_world& world_;
  config_sources& out_;
  std::vector<open_file> under_way_;
  std::set<std::string> seen_;
  std::size_t bytes_ = 0;
  bool said_too_much_ = false;
};

} // namespace

std::string config_sources::included_at(std::string_view title, std::string_view key) const {
  for (const auto& s : sections) {
    if (s.title != title)
      continue;
    if (key.empty() && s.at.file != 0)
      return text(s.at);
    for (const auto& e : s.entries)
      if (e.key == key && e.at.file != 0)
        return text(e.at);
  }
  return {};
}

std::string config_sources::text(config_place at) const {
  return files[at.file] + ":" + std::to_string(at.line);
}

config_sources read_config_sources(std::string_view text, const std::string& file, const config_world& world) {
  config_sources out;
  sources_reader{world, out}.read(text, file);
  return out;
}

} // namespace ockam
