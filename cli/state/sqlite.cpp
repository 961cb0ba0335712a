// SPDX-License-Identifier: Apache-2.0
#include "cli/state/sqlite.hpp"

#include <cstring>

namespace ockam::state {

error failure(sqlite3* db, const std::string& what) {
  auto code = sqlite3_errcode(db);
  const char* file = sqlite3_db_filename(db, "main");
  auto cause = what + (file && *file && what.find(file) == std::string::npos ? " (" + std::string{file} + ")" : "")
               + ": " + sqlite3_errmsg(db);
  if (auto err = sqlite3_system_errno(db); code == SQLITE_CANTOPEN && err != 0)
    cause += ": " + std::string{std::strerror(err)};
  switch (code) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return {errc::corrupt_state, cause, cannot_be_read};
    case SQLITE_READONLY:
      return {errc::permission_denied, cause,
              "it has to be writable, and so has its directory; OCKAM_HOME names another one"};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM: return {errc::permission_denied, cause, "OCKAM_HOME names the directory to use"};
    case SQLITE_FULL: return {errc::io_failure, cause, "make room on the disk that has it"};
    case SQLITE_BUSY: return {errc::io_failure, cause, "another program has it locked: try again"};
    case SQLITE_CONSTRAINT: return {errc::already_exists, cause, {}};
    default: return {errc::io_failure, cause, {}};
  }
}

statement& statement::bind(std::string_view text) {
  sqlite3_bind_text(s_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  return *this;
}

statement& statement::bind_or_null(const std::optional<std::string>& text) {
  if (text)
    return bind(std::string_view{*text});
  sqlite3_bind_null(s_, ++bound_);
  return *this;
}

statement& statement::bind(int n) {
  sqlite3_bind_int(s_, ++bound_, n);
  return *this;
}

result<void> statement::run(const std::function<void(sqlite3_stmt*)>& row) {
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

std::string text(sqlite3_stmt* s, int column) {
  const auto* t = reinterpret_cast<const char*>(sqlite3_column_text(s, column));
  return t ? std::string{t} : std::string{};
}

result<void> execute(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return failure(db, "the database cannot be used");
  return {};
}

result<void> transaction(sqlite3* db, const std::function<result<void>()>& steps) {
  if (auto ok = execute(db, "BEGIN IMMEDIATE"); !ok)
    return ok;
  auto ok = steps();
  auto end = execute(db, ok ? "COMMIT" : "ROLLBACK");
  return ok ? std::move(end) : std::move(ok);
}

} // namespace ockam::state
