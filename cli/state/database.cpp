// SPDX-License-Identifier: Apache-2.0
#include "cli/state/state.hpp"

#include "cli/state/node_process.hpp"

#include <cerrno>
#include <cstring>
#include <functional>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ockam::state {

namespace {

constexpr int schema_version = 1;
constexpr int busy_timeout_ms = 5000;
constexpr const char* schema = R"(
  CREATE TABLE node (
    name TEXT PRIMARY KEY,
    is_default INTEGER NOT NULL DEFAULT 0,
    tcp_listener_address TEXT NOT NULL DEFAULT '',
    pid INTEGER,
    created INTEGER NOT NULL);
  PRAGMA user_version = 1;
)";

constexpr const char* cannot_be_read = "move it away: nodes are found again by their directories; or start anew with: ockam reset -y";

error failure(sqlite3* db, const std::string& what) {
  auto code = sqlite3_errcode(db);
  const char* file = sqlite3_db_filename(db, "main");
  auto cause = what + (file && *file && what.find(file) == std::string::npos ? " (" + std::string{file} + ")" : "") + ": " + sqlite3_errmsg(db);
  if (auto err = sqlite3_system_errno(db); code == SQLITE_CANTOPEN && err != 0)
    cause += ": " + std::string{std::strerror(err)};
  switch (code) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return {errc::corrupt_state, cause, cannot_be_read};
    case SQLITE_READONLY: return {errc::permission_denied, cause, "it has to be writable, and so has its directory; OCKAM_HOME names another one"};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM: return {errc::permission_denied, cause, "OCKAM_HOME names the directory to use"};
    case SQLITE_FULL: return {errc::io_failure, cause, "make room on the disk that has it"};
    case SQLITE_BUSY: return {errc::io_failure, cause, "another program has it locked: try again"};
    default: return {errc::io_failure, cause, {}};
  }
}

/// A prepared statement with its arguments.
class statement {
 public:
  statement(sqlite3* db, const char* sql) : db_{db} { sqlite3_prepare_v2(db, sql, -1, &s_, nullptr); }
  ~statement() { sqlite3_finalize(s_); }
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;

  statement& bind(std::string_view text) {
    sqlite3_bind_text(s_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    return *this;
  }
  statement& bind(int n) {
    sqlite3_bind_int(s_, ++bound_, n);
    return *this;
  }

  /// Runs it; `row` is called for each row.
  result<void> run(const std::function<void(sqlite3_stmt*)>& row = {}) {
    if (!s_)
      return failure(db_, "the database cannot be used");
    int rc;
    while ((rc = sqlite3_step(s_)) == SQLITE_ROW)
      if (row)
        row(s_);
    if (rc != SQLITE_DONE)
      return failure(db_, "the database cannot be used");
    return {};
  }

 private:
  sqlite3* db_;
  sqlite3_stmt* s_ = nullptr;
  int bound_ = 0;
};

std::string text(sqlite3_stmt* s, int column) {
  const auto* t = reinterpret_cast<const char*>(sqlite3_column_text(s, column));
  return t ? std::string{t} : std::string{};
}

node_row read_row(sqlite3_stmt* s) {
  node_row r{text(s, 0), sqlite3_column_int(s, 1) != 0, text(s, 2), {}};
  if (sqlite3_column_type(s, 3) != SQLITE_NULL)
    r.pid = sqlite3_column_int(s, 3);
  return r;
}

result<void> execute(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return failure(db, "the database cannot be used");
  return {};
}

/// Several statements, all or none.
template <class F>
result<void> transaction(sqlite3* db, F&& steps) {
  if (auto ok = execute(db, "BEGIN IMMEDIATE"); !ok)
    return ok;
  auto ok = steps();
  auto end = execute(db, ok ? "COMMIT" : "ROLLBACK");
  return ok ? std::move(end) : std::move(ok);
}

result<int> version_of(sqlite3* db) {
  int v = 0;
  auto ok = statement{db, "PRAGMA user_version"}.run([&](auto* s) { v = sqlite3_column_int(s, 0); });
  if (!ok)
    return std::move(ok).error();
  return v;
}

result<void> check_version(sqlite3* db) {
  auto v = version_of(db);
  if (!v)
    return std::move(v).error();
  if (*v > schema_version)
    return error{errc::corrupt_state, "it was written by a newer version (schema " + std::to_string(*v) + ", this one knows "
                   + std::to_string(schema_version) + ")", "use the newer programs, or start anew with: ockam reset -y"};
  if (*v < schema_version)
    return error{errc::corrupt_state, "it is not a database of this program", cannot_be_read};
  return {};
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
    return system_error("cannot open " + path, errno);
  auto draft = path + "." + std::to_string(::getpid()) + ".new";
  auto made = [&]() -> result<void> {
    auto db = connect(draft, SQLITE_OPEN_CREATE);
    if (!db)
      return std::move(db).error();
    return transaction(db->get(), [&]() -> result<void> {
      auto ok = execute(db->get(), schema);
      return ok ? add_known_nodes(db->get(), h) : std::move(ok);
    });
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
    ok = db ? check_version(db->get()) : result<void>{std::move(db).error()};
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

} // namespace ockam::state
