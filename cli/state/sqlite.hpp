// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>

/// What the sources of the database share of SQLite. No other header includes it. Thread: one at a time.
namespace ockam::state {

/// The hint for a database that is none.
inline constexpr const char* cannot_be_read = "move it away: nodes are found again by their directories; or start anew with: ockam reset -y";

/// The error that the connection has, with a hint: `already_exists` where a row of that name is there, `corrupt_state`,
/// `permission_denied`, `io_failure`.
error failure(sqlite3* db, const std::string& what);

/// A prepared statement with its arguments.
class statement {
 public:
  statement(sqlite3* db, const char* sql) : db_{db} { sqlite3_prepare_v2(db, sql, -1, &s_, nullptr); }
  ~statement() { sqlite3_finalize(s_); }
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;

  statement& bind(std::string_view text);
  statement& bind_or_null(const std::optional<std::string>& text);
  statement& bind(int n);

  /// Runs it; `row` is called for each row.
  result<void> run(const std::function<void(sqlite3_stmt*)>& row = {});

 private:
  sqlite3* db_;
  sqlite3_stmt* s_ = nullptr;
  int bound_ = 0;
};

/// The text of a column; empty where there is none.
std::string text(sqlite3_stmt* s, int column);

result<void> execute(sqlite3* db, const char* sql);

/// Several statements, all or none.
result<void> transaction(sqlite3* db, const std::function<result<void>()>& steps);

} // namespace ockam::state
