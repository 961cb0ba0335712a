// SPDX-License-Identifier: Apache-2.0
#include "cli/state/state.hpp"

#include "cli/state/node_process.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/unix_path.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <pwd.h>
#include <set>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

namespace ockam::state {

namespace {

result<void> make_directory(const std::filesystem::path& p) {
  std::error_code unseen; // a parent that cannot be looked at: mkdir says why
  if (auto parent = p.parent_path(); !parent.empty() && !std::filesystem::exists(parent, unseen) && !unseen)
    if (auto ok = make_directory(parent); !ok)
      return ok;
  if (::mkdir(p.c_str(), 0700) == 0 || errno == EEXIST)
    return {};
  return home_error("cannot create " + p.string(), errno, p);
}

std::string name_of_user(uid_t id) {
  const auto* user = ::getpwuid(id);
  return user ? std::string{user->pw_name} : "#" + std::to_string(id);
}

/// `PATH belongs to NAME`, of the file or the nearest directory above it that can be looked at; empty: to who asks.
std::string other_owner(std::filesystem::path p) {
  struct stat s {};
  while (::stat(p.c_str(), &s) != 0) {
    auto above = p.parent_path();
    if (above.empty() || above == p)
      return {};
    p = std::move(above);
  }
  return s.st_uid == ::geteuid() ? std::string{} : p.string() + " belongs to " + name_of_user(s.st_uid);
}

} // namespace

error home_error(const std::string& what, int err, const std::filesystem::path& of) {
  auto e = system_error(what, err);
  if (auto who = err == EACCES || err == EPERM ? other_owner(of) : std::string{}; !who.empty())
    e.cause += ": " + who;
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

namespace {

/// A symbolic link in the directory of a node that says where something of it is; none for an empty path.
result<void> note(const std::filesystem::path& link, const std::filesystem::path& to) {
  std::error_code failed;
  std::filesystem::remove(link, failed);
  if (!to.empty() && !failed)
    std::filesystem::create_symlink(std::filesystem::absolute(to, failed), link, failed);
  if (failed)
    return system_error("cannot write " + link.string(), failed.value());
  return {};
}

/// A file of a log, in the order of its sort key.
struct log_part {
  std::string day; ///< of one for each day
  std::filesystem::file_time_type changed{};
  std::uint64_t number = 0;
  std::filesystem::path path;

  friend bool operator<(const log_part& l, const log_part& r) { return std::tie(l.day, l.changed, l.number) < std::tie(r.day, r.changed, r.number); }
};

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t n = 0;
  auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
  return wrong == std::errc{} && end == text.data() + text.size() ? std::optional{n} : std::nullopt;
}

/// `STEM.DAY.N.log`, the lowest N first, and then `STEM.DAY.log`.
std::optional<log_part> daily_part(const std::string& prefix, const std::filesystem::directory_entry& e) {
  constexpr std::size_t day_length = 10;
  constexpr std::string_view suffix = ".log";
  auto file = e.path().filename().string();
  if (!file.starts_with(prefix) || !file.ends_with(suffix) || file.size() < prefix.size() + day_length + suffix.size())
    return std::nullopt;
  auto middle = file.substr(prefix.size(), file.size() - prefix.size() - suffix.size());
  auto number = middle.size() == day_length ? std::optional{std::numeric_limits<std::uint64_t>::max()}
                : middle[day_length] == '.' ? number_in(std::string_view{middle}.substr(day_length + 1)) : std::nullopt;
  if (!number)
    return std::nullopt;
  return log_part{middle.substr(0, day_length), {}, *number, e.path()};
}

/// What the node has rotated (`n.1.log`), or somebody else (`n.log.1`, `n.log-20261130`); not what was compressed.
bool is_rotated(const std::filesystem::path& of, const std::string& file) {
  auto stem = of.stem().string() + ".", end = of.extension().string(), whole = of.filename().string();
  if (file.starts_with(whole + ".") || file.starts_with(whole + "-"))
    return number_in(std::string_view{file}.substr(whole.size() + 1)).has_value();
  return file.size() > stem.size() + end.size() && file.starts_with(stem) && file.ends_with(end)
         && number_in(std::string_view{file}.substr(stem.size(), file.size() - stem.size() - end.size()));
}

} // namespace

result<void> home::note_log(std::string_view name, const std::filesystem::path& file) const {
  return note(node(name) / "log", file);
}

result<void> home::note_config(std::string_view name, const std::filesystem::path& file) const {
  std::error_code unseen;
  bool is_own = !file.empty() && std::filesystem::equivalent(file, config_file(name), unseen);
  return note(node(name) / "config", is_own ? std::filesystem::path{} : file);
}

result<void> home::note_control_socket(std::string_view name, const std::filesystem::path& socket) const {
  std::error_code unseen;
  auto own = control_socket(name);
  if (std::filesystem::absolute(socket, unseen).lexically_normal() != std::filesystem::absolute(own, unseen).lexically_normal())
    return note(own, socket);
  return std::filesystem::is_symlink(own, unseen) ? note(own, {}) : result<void>{}; // of a run with another configuration
}

std::filesystem::path home::config_of_run(std::string_view name) const {
  std::error_code none;
  auto noted = std::filesystem::read_symlink(node(name) / "config", none);
  return none ? config_file(name) : noted;
}

result<std::vector<std::filesystem::path>> home::log_files(std::string_view name) const {
  std::error_code none, unseen;
  auto noted = std::filesystem::read_symlink(node(name) / "log", none);
  auto stem = log_stem(name);
  auto prefix = stem.filename().string() + ".";
  std::vector<log_part> parts;
  for (const auto& e : std::filesystem::directory_iterator{none ? stem.parent_path() : noted.parent_path(), unseen}) {
    auto part = none ? daily_part(prefix, e) : std::nullopt;
    auto file = e.path().filename().string();
    if (!none && file != noted.filename() && is_rotated(noted, file))
      part = log_part{{}, e.last_write_time(unseen), 0, e.path()};
    if (part)
      parts.push_back(*std::move(part));
  }
  std::sort(parts.begin(), parts.end());
  std::vector<std::filesystem::path> out;
  for (auto& p : parts)
    out.push_back(std::move(p.path));
  if (!none)
    out.push_back(noted);
  if (out.empty())
    return error{errc::not_found, "node " + std::string{name} + " has no log below " + root_.string(),
                 "a node that systemd runs logs to the journal: journalctl OCKAM_NODE=" + std::string{name}
                   + "; one in the foreground to its standard output; log-file in its configuration names a file"};
  return out;
}

result<std::filesystem::path> home::log_file(std::string_view name) const {
  auto all = log_files(name);
  return all ? result<std::filesystem::path>{all->back()} : result<std::filesystem::path>{std::move(all).error()};
}

result<void> home::check_owner() const {
  struct stat s {};
  if (::geteuid() != 0 || ::stat(root_.c_str(), &s) != 0 || s.st_uid == 0)
    return {};
  auto who = name_of_user(s.st_uid);
  return error{errc::permission_denied, root_.string() + " belongs to " + who + ", and this runs as root: what root makes there its owner could not use",
               "sudo -u " + (who.starts_with('#') ? "'" + who + "'" : who) + " OCKAM_HOME=" + root_.string() + " and the command"};
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
