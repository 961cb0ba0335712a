// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/backup.hpp"

#include "cli/node/config_sources.hpp"
#include "cli/node/ini_document.hpp"
#include "cli/node/sections.hpp"
#include "cli/ockam/archive.hpp"
#include "cli/ockam/draft.hpp"
#include "cli/ockam/vaults.hpp"
#include "cli/state/files.hpp"
#include "cli/state/node_process.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/version.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <set>
#include <sys/stat.h>
#include <utility>

namespace ockam::cli {

namespace fs = std::filesystem;

namespace {

using json = nlohmann::json;

constexpr const char* name_inside = draft_directory::of_backup;
constexpr const char* list_name = "manifest.json";
constexpr const char* home_inside = "home";
constexpr int format = 1; ///< of an archive; a newer one is refused

/// The part of a path below the home; empty for what lies elsewhere.
std::string below(const fs::path& home, const fs::path& p) {
  auto rest = p.lexically_normal().lexically_relative(home);
  return rest.empty() || *rest.begin() == ".." || rest == "." ? std::string{} : rest.string();
}

/// Of a node's directory: what comes with each run, and is of no use elsewhere.
bool is_of_a_run(const fs::path& p) {
  auto name = p.filename().string();
  return name == "lock" || name == "stderr.log" || name.ends_with(".new") || (name.starts_with("stdout.") && name.find(".log") != std::string::npos);
}

/// Files of the home by their place below it, read one by one: each was written whole or not at all.
class home_files {
 public:
  home_files(const state::home& h, const archive_draft& into, backup_report& report) : home_{h}, into_{into}, report_{report} {}

  result<void> add_all(state::database& db) {
    auto vaults = db.vaults();
    if (!vaults)
      return std::move(vaults).error();
    for (const auto& v : *vaults) {
      for (const auto& f : files_of_vault(v.path))
        if (f.extension() != ".lock")
          add(f, "the file of vault " + printable(v.name));
      if (v.passphrase_file)
        add(*v.passphrase_file, "the passphrase of vault " + printable(v.name));
    }
    add_directory(home_.identities());
    for (const auto& name : state::node_directories(home_)) {
      report_.nodes.push_back(name);
      add_directory(home_.node(name));
      add_configuration(name);
    }
    return ok_;
  }

  const std::map<std::string, json>& list() const { return list_; }

  /// One that is in the archive already.
  result<void> note(const std::string& place) {
    auto text = state::read_file(into_.directory() / home_inside / place);
    if (!text)
      return system_error("cannot read " + place, errno);
    list_[place] = {{"sha256", sha256_hex(*text)}, {"size", text->size()}};
    return {};
  }

 private:
  void add(const fs::path& file, const std::string& what) {
    std::error_code unseen;
    auto place = below(home_.root(), file);
    auto kind = fs::status(file, unseen).type();
    bool is_file = kind == fs::file_type::regular, is_hidden = kind == fs::file_type::none || kind == fs::file_type::unknown;
    if (place.empty() && (is_file || is_hidden) && named_.insert(file.lexically_normal()).second)
      report_.left_out.push_back(what + ", which is not in this home: " + file.string());
    if (ok_)
      ok_ = unless_interrupted();
    if (place.empty() || list_.contains(place) || !ok_ || !(is_file || is_hidden))
      return;
    auto text = state::read_file(file);
    if (!text)
      ok_ = system_error("cannot read " + file.string(), errno);
    else if (ok_ = into_.add(fs::path{home_inside} / place, *text); ok_)
      list_[place] = {{"sha256", sha256_hex(*text)}, {"size", text->size()}};
  }

  void add_directory(const fs::path& directory) {
    std::error_code unseen;
    for (const auto& e : fs::recursive_directory_iterator{directory, unseen})
      if (!e.is_symlink(unseen) && e.is_regular_file(unseen) && !is_of_a_run(e.path()))
        add(e.path(), {});
  }

  /// The configuration of a node, wherever it is, and all files that it names: what it includes, and those of its keys
  /// (vaults, histories, certificates, scripts) and of its values (`${file:…}`).
  void add_configuration(const std::string& node) {
    auto file = home_.config_of_run(node);
    auto its = "the configuration of node " + node;
    add(file, its);
    std::error_code unseen;
    auto text = state::read_file(file);
    if (!text && fs::status(file, unseen).type() != fs::file_type::not_found)
      report_.left_out.push_back("whatever " + its + " names, since this user cannot read it: " + file.string());
    if (!text)
      return;
    auto all = read_config_sources(*text, file.string());
    for (std::size_t i = 1; i < all.files.size(); ++i)
      add(fs::absolute(all.files[i]), "a file that " + its + " includes");
    for (const auto& p : all.problems)
      report_.left_out.push_back("what " + its + " may name at " + all.text(p.at) + ": " + p.cause);
    for (const auto& s : all.sections)
      if (s.title != "node") // its files are logs, and a socket
        for (const auto& e : s.entries)
          add_value(s.title, e, all.directories[e.at.file], its);
  }

  void add_value(const std::string& title, const sourced_entry& e, const fs::path& directory, const std::string& its) {
    auto what = "a file that [" + printable(title) + "] " + printable(e.key) + " of " + its + " names";
    for (const auto& f : e.value.files)
      add(f, what);
    const auto* kind = find_section_kind(title.substr(0, title.find(' ')));
    const auto* key = kind ? find_key(kind->what.keys, e.key) : nullptr;
    if (!key || key->type != key_type::path || e.value.text.empty())
      return;
    auto file = (directory / e.value.text).lexically_normal();
    if (key->name != "vault")
      return add(file, what);
    for (const auto& f : files_of_vault(file))
      if (f.extension() != ".lock")
        add(f, what);
  }

  const state::home& home_;
  const archive_draft& into_;
  backup_report& report_;
  std::map<std::string, json> list_;
  std::set<fs::path> named_; ///< that are elsewhere, each of which is said once
  result<void> ok_;
};

// -- restore -----------------------------------------------------------------------------------------

/// Text of a list that anybody may have written; empty where there is none.
std::string text_in(const json& list, const std::string& key) {
  auto it = list.is_object() ? list.find(key) : list.end();
  return it != list.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

error damaged(const fs::path& from, const std::string& what) {
  return {errc::invalid_argument, from.string() + ": " + what, "take another backup"};
}

/// The list of an archive, if it is one that this program can read.
result<json> read_list(const fs::path& from, const fs::path& unpacked) {
  auto text = state::read_file(unpacked / list_name);
  auto list = text ? json::parse(*text, nullptr, false) : json{};
  if (!list.is_object() || !list.value("files", json{}).is_object() || !list.value("format", json{}).is_number_integer() || !list.value("schema", json{}).is_number_integer()
      || !list.value("home", json{}).is_string())
    return damaged(from, "it is not a backup of this program");
  if (list["format"].get<int>() > format || list["schema"].get<int>() > state::database::schema())
    return error{errc::unsupported, from.string() + ": it was made by a newer version, " + printable(text_in(list, "version")) + " (schema " + std::to_string(list["schema"].get<int>()) + ", this one knows "
                   + std::to_string(state::database::schema()) + ")", "restore it with that version"};
  return list;
}

/// Every file is there as it was written, and no other; modes are those of private files.
result<void> check_files(const fs::path& from, const json& files, const fs::path& home) {
  std::size_t seen = 0;
  std::error_code failed;
  for (const auto& e : fs::recursive_directory_iterator{home, failed}) {
    if (!e.is_symlink() && e.is_directory()) {
      ::chmod(e.path().c_str(), 0700);
      continue;
    }
    auto place = below(home, e.path());
    if (e.is_symlink() || !e.is_regular_file() || !files.contains(place))
      return damaged(from, "there is something in it that is not in its list: " + printable(place));
    ::chmod(e.path().c_str(), 0600);
    auto text = state::read_file(e.path());
    if (!text || sha256_hex(*text) != text_in(files[place], "sha256"))
      return damaged(from, printable(place) + " is damaged");
    ++seen;
  }
  if (failed || seen != files.size())
    return damaged(from, "files of its list are missing");
  return {};
}

/// Values of a configuration that name files of the home that it comes from.
result<void> move_paths(const fs::path& file, const std::string& from, const std::string& to) {
  auto text = state::read_file(file);
  if (!text || from == to)
    return {};
  ini_document doc{*text};
  for (const auto& s : std::vector<ini_section>{doc.sections()})
    for (const auto& e : s.entries)
      if (e.value.starts_with(from + "/"))
        if (auto ok = doc.set(s.title, e.key, to + e.value.substr(from.size())); !ok)
          return ok;
  return state::replace_file(file, doc.text());
}

std::vector<fs::path> entries(const fs::path& directory) {
  std::vector<fs::path> out;
  for (const auto& e : fs::directory_iterator{directory})
    out.push_back(e.path());
  return out;
}

bool is_there(const fs::path& p) {
  std::error_code unseen;
  auto what = fs::symlink_status(p, unseen);
  return fs::exists(what) && !(fs::is_directory(what) && fs::is_empty(p, unseen));
}

/// What a home has that a restore replaces, by its name: state that every home has.
std::set<fs::path> present(const state::home& h) {
  std::set<fs::path> out;
  std::error_code unseen;
  for (const auto& e : fs::directory_iterator{h.root(), unseen}) {
    auto name = e.path().filename().string();
    bool is_state = name.starts_with(h.database().filename().string()) || name.starts_with("vault-") || name == "identities" || name == "nodes" || name == "run";
    if (is_state && is_there(e.path()))
      out.insert(e.path());
  }
  return out;
}

/// Vaults have any name, and any place in the home. Those that come with the backup stand in the way; those that the database
/// of this home knows go where that goes.
void add_vaults(const state::home& h, const fs::path& fresh, std::set<fs::path>& to) {
  auto add = [&](const fs::path& place) {
    if (auto first = below(h.root(), place); !first.empty() && is_there(h.root() / *fs::path{first}.begin()))
      to.insert(h.root() / *fs::path{first}.begin());
  };
  for (const auto& p : entries(fresh))
    add(h.root() / p.filename());
  std::error_code unseen;
  auto db = fs::exists(h.database(), unseen) ? state::database::open(h) : result<state::database>{error{}};
  auto vaults = db ? db->vaults() : result<std::vector<state::vault_row>>{error{}};
  if (!vaults)
    return; // a database that cannot be read goes as it is
  for (const auto& v : *vaults) {
    for (const auto& f : files_of_vault(v.path))
      add(f);
    if (v.passphrase_file)
      add(*v.passphrase_file);
  }
}

result<void> check_nothing_runs(const state::home& h) {
  for (const auto& name : state::node_directories(h))
    if (state::node_lock::held(h, name))
      return error{errc::already_exists, "node " + name + " of this home runs", "stop it first: ockam node stop " + name};
  return {};
}

/// Moves all of `what` into a directory, or back when one of them cannot be moved.
result<void> move_all(const std::vector<fs::path>& what, const fs::path& into) {
  std::vector<std::pair<fs::path, fs::path>> moved;
  for (const auto& p : what) {
    auto to = into / p.filename();
    std::error_code ignored;
    if (fs::is_directory(to, ignored) && fs::is_empty(to, ignored))
      fs::remove(to, ignored);
    auto err = state::move_to_free_name(p, to);
    if (err == 0) {
      moved.emplace_back(p, to);
      continue;
    }
    for (const auto& [back, there] : moved)
      (void)state::move_to_free_name(there, back);
    return system_error("cannot move " + p.string() + " to " + to.string(), err);
  }
  return {};
}

/// What was there goes aside, what has come takes its place; or nothing of it.
result<void> swap_in(const state::home& h, const fs::path& fresh, const std::vector<fs::path>& old, fs::path& aside) {
  std::error_code ignored;
  if (!old.empty()) {
    aside = h.root() / (moved_aside_prefix + time_of_archive());
    if (::mkdir(aside.c_str(), 0700) != 0)
      return system_error("cannot make " + aside.string(), errno);
    if (auto ok = move_all(old, aside); !ok) {
      fs::remove(std::exchange(aside, {}), ignored);
      return ok;
    }
  }
  auto ok = move_all(entries(fresh), h.root());
  if (!ok && !old.empty())
    if (move_all(entries(aside), h.root()))
      fs::remove(std::exchange(aside, {}), ignored);
  return ok;
}

} // namespace

result<backup_report> create_backup(const state::home& h, state::database& db, const fs::path& to, bool may_replace) {
  auto guard = state::home_guard::acquire(h);
  if (!guard)
    return std::move(guard).error();
  auto draft = archive_draft::make(to, name_inside, draft_directory::of_backup);
  if (!draft)
    return std::move(draft).error();
  backup_report report{to, {}, 0, {}};
  home_files files{h, *draft, report};
  auto ok = files.add_all(db);
  auto database = h.database().filename();
  if (ok)
    ok = draft->add(fs::path{home_inside} / ".place", {}); // makes the directory
  if (ok)
    ok = unless_interrupted();
  if (ok)
    ok = db.copy_to(draft->directory() / home_inside / database);
  std::error_code ignored;
  fs::remove(draft->directory() / home_inside / ".place", ignored);
  if (ok)
    ok = files.note(database.string());
  json list{{"format", format}, {"version", version}, {"schema", state::database::schema()}, {"home", h.root().string()}, {"made", time_of_archive()},
            {"nodes", report.nodes}, {"files", files.list()}, {"left_out", report.left_out}};
  if (ok)
    ok = draft->add(list_name, list.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
  if (ok)
    ok = draft->finish(may_replace);
  if (!ok)
    return std::move(ok).error();
  report.files = files.list().size();
  return report;
}

namespace {

error something_is_there(const state::home& h, const fs::path& what) {
  return {errc::already_exists, "there is something in " + h.root().string() + " already: " + printable(what.filename().string()), "--force moves it aside; or set OCKAM_HOME to another directory"};
}

/// What comes out of an archive, checked, with the paths of this home: its list.
result<json> unpack_checked(const state::home& h, const fs::path& from, const fs::path& into) {
  if (auto ok = unpack(from, into); !ok)
    return std::move(ok).error();
  auto list = read_list(from, into / name_inside);
  if (!list)
    return list;
  state::home fresh{into / name_inside / home_inside};
  if (auto ok = check_files(from, (*list)["files"], fresh.root()); !ok)
    return std::move(ok).error();
  auto was = (*list)["home"].get<std::string>();
  for (const auto& name : state::node_directories(fresh))
    if (auto ok = move_paths(fresh.config_file(name), was, h.root().string()); !ok)
      return std::move(ok).error();
  auto db = state::database::open(fresh);
  if (auto ok = db ? db->move_home(was, h.root().string()) : result<void>{std::move(db).error()}; !ok)
    return std::move(ok).error();
  return list;
}

} // namespace

result<backup_report> restore_backup(const state::home& h, const fs::path& from, bool replaces) {
  auto guard = state::home_guard::acquire(h);
  if (!guard)
    return std::move(guard).error();
  if (std::error_code unseen; fs::status(from, unseen).type() == fs::file_type::not_found)
    return error{errc::not_found, "there is no " + from.string(), "ockam backup create FILE makes one"};
  auto old = present(h);
  if (!old.empty() && !replaces)
    return something_is_there(h, *old.begin());
  if (auto ok = check_nothing_runs(h); !ok)
    return std::move(ok).error();
  auto draft = draft_directory::make(h.root(), draft_directory::of_restore);
  if (!draft)
    return std::move(draft).error();
  auto list = unpack_checked(h, from, draft->path());
  if (auto ok = unless_interrupted(); !ok)
    return std::move(ok).error();
  if (!list)
    return std::move(list).error();
  state::home fresh{draft->path() / name_inside / home_inside};
  add_vaults(h, fresh.root(), old);
  if (!old.empty() && !replaces)
    return something_is_there(h, *old.begin());
  backup_report report{from, state::node_directories(fresh), (*list)["files"].size(), {}};
  for (const auto& one : list->value("left_out", json::array()))
    if (one.is_string())
      report.left_out.push_back(one.get<std::string>());
  if (auto ok = swap_in(h, fresh.root(), {old.begin(), old.end()}, report.moved_aside); !ok)
    return std::move(ok).error();
  return report;
}

} // namespace ockam::cli
