// SPDX-License-Identifier: Apache-2.0
#include "cli/state/state.hpp"

#include "cli/state/node_process.hpp"
#include "cli/state/sqlite.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <functional>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace ockam::state {

namespace {

constexpr int busy_timeout_ms = 5000;

/// What brings a database from the schema of its place here to the next one: the first makes a new one. Never changed,
/// only added to.
constexpr std::array<const char*, 2> schema_steps{R"(
  CREATE TABLE node (
    name TEXT PRIMARY KEY,
    is_default INTEGER NOT NULL DEFAULT 0,
    tcp_listener_address TEXT NOT NULL DEFAULT '',
    pid INTEGER,
    created INTEGER NOT NULL);
  PRAGMA user_version = 1;
)", R"(
  CREATE TABLE vault (
    name TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    is_default INTEGER NOT NULL DEFAULT 0,
    is_chosen INTEGER NOT NULL DEFAULT 0,
    is_sealed INTEGER NOT NULL DEFAULT 0,
    passphrase_file TEXT);
  CREATE TABLE identity (
    name TEXT PRIMARY KEY,
    identifier TEXT NOT NULL UNIQUE,
    history TEXT NOT NULL,
    vault TEXT,
    is_default INTEGER NOT NULL DEFAULT 0);
  PRAGMA user_version = 2;
)"};
constexpr int schema_version = static_cast<int>(schema_steps.size());

node_row read_row(sqlite3_stmt* s) {
  node_row r{text(s, 0), sqlite3_column_int(s, 1) != 0, text(s, 2), {}};
  if (sqlite3_column_type(s, 3) != SQLITE_NULL)
    r.pid = sqlite3_column_int(s, 3);
  return r;
}

result<int> version_of(sqlite3* db) {
  int v = 0;
  auto ok = statement{db, "PRAGMA user_version"}.run([&](auto* s) { v = sqlite3_column_int(s, 0); });
  if (!ok)
    return std::move(ok).error();
  return v;
}

/// From whatever schema it has. Another program may do the same at this moment.
result<void> bring_up_to_date(sqlite3* db) {
  return transaction(db, [&]() -> result<void> {
    auto v = version_of(db);
    if (!v)
      return std::move(v).error();
    for (auto at = static_cast<std::size_t>(*v); at < schema_steps.size(); ++at)
      if (auto ok = execute(db, schema_steps[at]); !ok)
        return ok;
    return {};
  });
}

/// All of it as it is now, whole or not at all; with `schema`, only while it still has that one.
result<void> copy(sqlite3* db, const std::string& path, std::optional<int> schema = {}) {
  static std::atomic<unsigned> drafts{0};
  auto draft = path + "." + std::to_string(::getpid()) + "-" + std::to_string(++drafts) + ".new";
  sqlite3* raw = nullptr;
  auto mask = ::umask(0077);
  auto rc = sqlite3_open_v2(draft.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  ::umask(mask);
  auto ok = rc == SQLITE_OK ? result<void>{} : result<void>{failure(raw, "cannot write " + draft)};
  if (ok) {
    auto* run = sqlite3_backup_init(raw, "main", db, "main");
    while (run && ((rc = sqlite3_backup_step(run, -1)) == SQLITE_BUSY || rc == SQLITE_LOCKED))
      sqlite3_sleep(10);
    if (!run || sqlite3_backup_finish(run) != SQLITE_OK || rc != SQLITE_DONE)
      ok = failure(raw, "cannot copy the database to " + path);
  }
  auto copied = ok && schema ? version_of(raw) : result<int>{schema.value_or(0)};
  sqlite3_close_v2(raw);
  if (ok && schema && copied && *copied != *schema) { // somebody was faster, and has kept it
    ::unlink(draft.c_str());
    return {};
  }
  if (ok && ::rename(draft.c_str(), path.c_str()) != 0)
    ok = system_error("cannot make " + path, errno);
  if (!ok)
    ::unlink(draft.c_str());
  return ok;
}

result<void> check_version(sqlite3* db, const std::string& path) {
  auto v = version_of(db);
  if (!v)
    return std::move(v).error();
  if (*v > schema_version)
    return error{errc::corrupt_state, "it was written by a newer version (schema " + std::to_string(*v) + ", this one knows "
                   + std::to_string(schema_version) + ")", "use the newer programs, or start anew with: ockam reset -y"};
  if (*v < 1)
    return error{errc::corrupt_state, "it is not a database of this program", cannot_be_read};
  if (*v == schema_version)
    return {};
  auto kept = path + ".schema-" + std::to_string(*v);
  if (::access(kept.c_str(), F_OK) != 0)
    if (auto ok = copy(db, kept, *v); !ok)
      return ok;
  return bring_up_to_date(db);
}

/// A database of an earlier release has a log beside it, for which there has to be room even to read. Not while a
/// program of that release has it open.
void leave_wal(sqlite3* db) {
  sqlite3_busy_timeout(db, 0);
  (void)execute(db, "PRAGMA journal_mode = DELETE");
  sqlite3_busy_timeout(db, busy_timeout_ms);
}

constexpr const char* insert_node =
  "INSERT INTO node (name, tcp_listener_address, pid, is_default, created) VALUES (?, ?, ?, "
  "NOT EXISTS (SELECT 1 FROM node WHERE is_default), strftime('%s', 'now')) "
  "ON CONFLICT (name) DO UPDATE SET tcp_listener_address = excluded.tcp_listener_address, pid = excluded.pid";

/// Rows for the nodes whose files are there although the database is not.
result<void> add_known_nodes(sqlite3* db, const home& h) {
  for (const auto& name : node_directories(h)) {
    auto runs = process_of(h, name);
    std::error_code unseen;
    if (!runs && !std::filesystem::exists(h.config_file(name), unseen))
      continue;
    statement s{db, insert_node};
    s.bind(name).bind("");
    auto ok = runs ? s.bind(runs->pid()).run() : s.run();
    if (!ok)
      return ok;
  }
  return {};
}

constexpr const char* columns = "SELECT name, is_default, tcp_listener_address, pid FROM node ";

} // namespace

void database::closer::operator()(sqlite3* db) const {
  sqlite3_close_v2(db);
}

result<database::connection> database::connect(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  auto rc = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | flags, nullptr);
  connection db{raw};
  if (rc != SQLITE_OK)
    return failure(raw, "cannot open " + path);
  sqlite3_busy_timeout(raw, busy_timeout_ms);
  return db;
}

/// The first database of a home appears at once, with its tables: made under another name and linked in place, since
/// several programs may be the first.
result<void> database::make_if_missing(const home& h) {
  auto path = h.database().string();
  if (::access(path.c_str(), F_OK) == 0)
    return {};
  if (errno != ENOENT)
    return home_error("cannot open " + path, errno, path);
  auto draft = path + "." + std::to_string(::getpid()) + ".new";
  auto made = [&]() -> result<void> {
    auto db = connect(draft, SQLITE_OPEN_CREATE);
    if (!db)
      return std::move(db).error();
    auto ok = bring_up_to_date(db->get());
    return ok ? add_known_nodes(db->get(), h) : std::move(ok);
  }();
  (void)::chmod(draft.c_str(), 0600); // where the home is open to others
  if (made && ::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST)
    made = system_error("cannot make " + path, errno);
  ::unlink(draft.c_str());
  return made;
}

result<database> database::open(const home& h) {
  if (auto ok = h.create(); !ok)
    return std::move(ok).error();
  auto path = h.database().string();
  database out;
  auto ok = make_if_missing(h);
  if (ok) {
    auto db = connect(path, 0);
    ok = db ? check_version(db->get(), path) : result<void>{std::move(db).error()};
    if (ok)
      leave_wal(db->get());
    if (ok)
      out.db_ = std::move(*db);
  }
  if (ok)
    return out;
  auto e = std::move(ok).error();
  if (e.cause.find(path) == std::string::npos)
    e.cause = path + ": " + e.cause;
  return e;
}

bool database::is_gone() const {
  int moved = 0;
  return ::sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
}

result<std::vector<node_row>> database::nodes() {
  std::vector<node_row> out;
  statement s{db_.get(), (std::string{columns} + "ORDER BY created, rowid").c_str()};
  auto ok = s.run([&](auto* row) { out.push_back(read_row(row)); });
  if (!ok)
    return std::move(ok).error();
  return out;
}

result<std::optional<node_row>> database::node(std::string_view name) {
  std::optional<node_row> out;
  statement s{db_.get(), (std::string{columns} + "WHERE name = ?").c_str()};
  auto ok = s.bind(name).run([&](auto* row) { out = read_row(row); });
  if (!ok)
    return std::move(ok).error();
  return out;
}

result<std::optional<node_row>> database::default_node() {
  std::optional<node_row> out;
  statement s{db_.get(), (std::string{columns} + "WHERE is_default").c_str()};
  auto ok = s.run([&](auto* row) { out = read_row(row); });
  if (!ok)
    return std::move(ok).error();
  return out;
}

result<void> database::node_started(std::string_view name, std::string_view tcp_listener_address, int pid) {
  statement s{db_.get(), insert_node};
  return s.bind(name).bind(tcp_listener_address).bind(pid).run();
}

result<void> database::node_stopped(std::string_view name) {
  return shrink([&] { return statement{db_.get(), "UPDATE node SET pid = NULL WHERE name = ?"}.bind(name).run(); });
}

result<void> database::remove_node(std::string_view name) {
  return shrink([&] {
    return transaction(db_.get(), [&]() -> result<void> {
      if (auto ok = statement{db_.get(), "DELETE FROM node WHERE name = ?"}.bind(name).run(); !ok)
        return ok;
      return execute(db_.get(),
                     "UPDATE node SET is_default = 1 WHERE name = (SELECT name FROM node ORDER BY created, rowid LIMIT 1) "
                     "AND NOT EXISTS (SELECT 1 FROM node WHERE is_default)");
    });
  });
}

/// The journal of a change needs room even where the change does not. Where there is none it is kept in memory: a
/// crash in that moment could cost the database, which is made anew from the nodes.
result<void> database::shrink(const std::function<result<void>()>& steps) {
  auto ok = steps();
  if (ok || ok.error().code != errc::io_failure)
    return ok;
  if (auto memory = execute(db_.get(), "PRAGMA journal_mode = MEMORY"); !memory)
    return ok;
  ok = steps();
  (void)execute(db_.get(), "PRAGMA journal_mode = DELETE");
  return ok;
}

result<void> database::set_default(std::string_view name) {
  return transaction(db_.get(), [&]() -> result<void> {
    auto there = node(name);
    if (!there)
      return std::move(there).error();
    if (!*there)
      return error{errc::not_found, "There is no node with name " + std::string{name}, "see them with: ockam node list"};
    return statement{db_.get(), "UPDATE node SET is_default = (name = ?)"}.bind(name).run();
  });
}

result<void> database::copy_to(const std::filesystem::path& file) {
  return copy(db_.get(), file.string());
}

int database::schema() {
  return schema_version;
}

result<int> database::schema_of(const std::filesystem::path& file) {
  sqlite3* raw = nullptr;
  auto rc = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr);
  connection db{raw};
  if (rc != SQLITE_OK)
    return failure(raw, "cannot open " + file.string());
  auto v = version_of(raw);
  if (v && *v < 1)
    return error{errc::corrupt_state, "it is not a database of this program", {}};
  return v;
}

result<void> database::move_home(const std::string& from, const std::string& to) {
  return transaction(db_.get(), [&]() -> result<void> {
    if (auto ok = execute(db_.get(), "UPDATE node SET pid = NULL"); !ok)
      return ok;
    for (const char* sql : {"UPDATE vault SET path = ?2 || substr(path, length(?1) + 1) WHERE substr(path, 1, length(?1)) = ?1",
                            "UPDATE vault SET passphrase_file = ?2 || substr(passphrase_file, length(?1) + 1) WHERE substr(passphrase_file, 1, length(?1)) = ?1"})
      if (auto ok = statement{db_.get(), sql}.bind(from + "/").bind(to + "/").run(); !ok)
        return ok;
    return {};
  });
}

} // namespace ockam::state
