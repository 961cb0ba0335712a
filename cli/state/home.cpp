// SPDX-License-Identifier: Apache-2.0
#include "cli/state/state.hpp"

#include "cli/state/node_process.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/unix_path.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <set>
#include <sys/stat.h>

namespace ockam::state {

namespace {

result<void> make_directory(const std::filesystem::path& p) {
  std::error_code unseen; // a parent that cannot be looked at: mkdir says why
  if (auto parent = p.parent_path(); !parent.empty() && !std::filesystem::exists(parent, unseen) && !unseen)
    if (auto ok = make_directory(parent); !ok)
      return ok;
  if (::mkdir(p.c_str(), 0700) == 0 || errno == EEXIST)
    return {};
  return home_error("cannot create " + p.string(), errno);
}

} // namespace

error home_error(const std::string& what, int err) {
  auto e = system_error(what, err);
  if (e.hint.empty() || err == EROFS)
    e.hint = "OCKAM_HOME names the directory to use";
  return e;
}

result<home> home::from_environment() {
  if (const char* given = std::getenv("OCKAM_HOME"); given && *given)
    return home{std::filesystem::path{given}};
  if (const char* user = std::getenv("HOME"); user && *user)
    return home{std::filesystem::path{user} / ".ockam"};
  return error{errc::invalid_argument, "neither OCKAM_HOME nor HOME is set", "set OCKAM_HOME to a directory for nodes and state"};
}

result<void> home::create() const {
  return make_directory(root_);
}

result<void> home::create_identities_dir() const {
  return make_directory(identities());
}

result<void> home::create_nodes_dir() const {
  return make_directory(nodes());
}

std::filesystem::path home::node(std::string_view name) const {
  std::error_code unseen;
  auto usual = nodes() / name, other = foreground_nodes() / name;
  return !std::filesystem::exists(usual, unseen) && std::filesystem::exists(other, unseen) ? other : usual;
}

std::filesystem::path home::node_to_be(std::string_view name, bool foreground) const {
  std::error_code unseen;
  auto now = node(name);
  return foreground && !std::filesystem::exists(now, unseen) ? foreground_nodes() / name : now;
}

result<void> home::create_node_dir(std::string_view name, bool foreground) const {
  auto dir = node_to_be(name, foreground);
  if (auto path = parse_unix_path((dir / "control.sock").string()); !path)
    return error{errc::invalid_argument, "the home of the nodes is too deep: " + path.error().cause, "set OCKAM_HOME to a shorter path"};
  if (foreground)
    return make_directory(dir);
  if (auto ok = create_nodes_dir(); !ok)
    return ok;
  auto usual = nodes() / name;
  if (dir != usual && ::rename(dir.c_str(), usual.c_str()) != 0)
    return system_error("cannot move " + dir.string() + " to " + usual.string(), errno);
  return make_directory(usual);
}

result<void> home::note_log(std::string_view name, const std::filesystem::path& file) const {
  auto note = node(name) / "log";
  std::error_code failed;
  std::filesystem::remove(note, failed);
  if (!file.empty() && !failed)
    std::filesystem::create_symlink(std::filesystem::absolute(file, failed), note, failed);
  if (failed)
    return system_error("cannot write " + note.string(), failed.value());
  return {};
}

result<std::filesystem::path> home::log_file(std::string_view name) const {
  std::error_code none;
  if (auto noted = std::filesystem::read_symlink(node(name) / "log", none); !none)
    return noted;
  auto stem = log_stem(name);
  auto prefix = stem.filename().string() + ".";
  // `STEM.DAY.log` of the latest day: the longer names are of what that file had before.
  auto length = prefix.size() + std::string_view{"2026-11-29.log"}.size();
  std::string newest;
  std::error_code ignored;
  for (const auto& e : std::filesystem::directory_iterator{stem.parent_path(), ignored})
    if (auto file = e.path().filename().string(); file.size() == length && file.starts_with(prefix) && file.ends_with(".log"))
      newest = std::max(newest, file);
  if (newest.empty())
    return error{errc::not_found, "node " + std::string{name} + " has no log below " + root_.string(),
                 "a node in the foreground logs to its standard output; log-file in its configuration names a file"};
  return stem.parent_path() / newest;
}

result<void> check_node_name(std::string_view name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), allowed))
    return error{errc::invalid_argument, "\"" + printable(name) + "\" is not a node name",
                 "1 to 64 letters, digits, - and _"};
  return {};
}

std::vector<std::string> node_directories(const home& h) {
  std::set<std::string> out;
  std::error_code ignored;
  for (const auto& place : {h.nodes(), h.foreground_nodes()})
    for (const auto& e : std::filesystem::directory_iterator{place, ignored})
      if (auto name = e.path().filename().string(); e.is_directory(ignored) && check_node_name(name))
        out.insert(name);
  return {out.begin(), out.end()};
}

std::string_view to_string(node_status s) {
  return s == node_status::running ? "running" : s == node_status::stopped ? "stopped" : "killed";
}

node_status status_of(const home& h, const node_row& row) {
  if (node_lock::held(h, row.name) || (row.pid && process_of(h, row.name)))
    return node_status::running;
  return row.pid ? node_status::killed : node_status::stopped;
}

} // namespace ockam::state
