// SPDX-License-Identifier: Apache-2.0
// The tables of vaults and identities.
#include "cli/state/sqlite.hpp"
#include "cli/state/state.hpp"

namespace ockam::state {

namespace {

constexpr const char* vault_columns =
  "SELECT name, path, is_default, is_chosen, is_sealed, passphrase_file, kind FROM vault ";
constexpr const char* identity_columns = "SELECT name, identifier, history, vault, is_default FROM identity ";

constexpr const char* token_kind = "token";

std::optional<std::string> text_or_none(sqlite3_stmt* s, int column) {
  if (sqlite3_column_type(s, column) == SQLITE_NULL)
    return std::nullopt;
  return text(s, column);
}

bool flag(sqlite3_stmt* s, int column) { return sqlite3_column_int(s, column) != 0; }

vault_row read_vault(sqlite3_stmt* s) {
  return {text(s, 0), text(s, 1), flag(s, 2), flag(s, 3), flag(s, 4), text_or_none(s, 5), text(s, 6) == token_kind};
}

identity_row read_identity(sqlite3_stmt* s) {
  return {text(s, 0), text(s, 1), text(s, 2), text_or_none(s, 3), flag(s, 4)};
}

} // namespace

result<std::vector<vault_row>> database::vaults() {
  std::vector<vault_row> out;
  statement s{db_.get(), (std::string{vault_columns} + "ORDER BY rowid").c_str()};
  if (auto ok = s.run([&](auto* row) { out.push_back(read_vault(row)); }); !ok)
    return std::move(ok).error();
  return out;
}

result<std::optional<vault_row>> database::vault(std::string_view name) {
  std::optional<vault_row> out;
  statement s{db_.get(), (std::string{vault_columns} + "WHERE name = ?").c_str()};
  if (auto ok = s.bind(name).run([&](auto* row) { out = read_vault(row); }); !ok)
    return std::move(ok).error();
  return out;
}

result<void> database::add_vault(const vault_row& v) {
  statement s{db_.get(),
              "INSERT INTO vault (name, path, kind, is_sealed, passphrase_file, is_default) VALUES (?, ?, ?, ?, ?, "
              "NOT EXISTS (SELECT 1 FROM vault WHERE is_default))"};
  return s.bind(v.name)
    .bind(v.path)
    .bind(v.is_token ? token_kind : "file")
    .bind(v.is_sealed)
    .bind_or_null(v.passphrase_file)
    .run();
}

result<void> database::move_vault(std::string_view name, std::string_view path) {
  return statement{db_.get(), "UPDATE vault SET path = ? WHERE name = ?"}.bind(path).bind(name).run();
}

result<void> database::choose_default_vault(std::string_view name) {
  statement s{db_.get(), "UPDATE vault SET is_default = (name = ?1), is_chosen = (name = ?1)"};
  return s.bind(name).run();
}

result<void> database::remove_vault(std::string_view name) {
  return shrink([&] {
    return transaction(db_.get(), [&]() -> result<void> {
      if (auto ok = statement{db_.get(), "DELETE FROM vault WHERE name = ?"}.bind(name).run(); !ok)
        return ok;
      return execute(db_.get(), "UPDATE vault SET is_default = 1 WHERE rowid = (SELECT min(rowid) FROM vault) "
                                "AND NOT EXISTS (SELECT 1 FROM vault WHERE is_default)");
    });
  });
}

result<std::vector<identity_row>> database::identities() {
  std::vector<identity_row> out;
  statement s{db_.get(), (std::string{identity_columns} + "ORDER BY rowid").c_str()};
  if (auto ok = s.run([&](auto* row) { out.push_back(read_identity(row)); }); !ok)
    return std::move(ok).error();
  return out;
}

result<std::optional<identity_row>> database::one_identity(const char* where, std::optional<std::string_view> what) {
  std::optional<identity_row> out;
  statement s{db_.get(), (std::string{identity_columns} + where).c_str()};
  if (what)
    s.bind(*what);
  if (auto ok = s.run([&](auto* row) { out = read_identity(row); }); !ok)
    return std::move(ok).error();
  return out;
}

result<std::optional<identity_row>> database::identity(std::string_view name) {
  return one_identity("WHERE name = ?", name);
}

result<std::optional<identity_row>> database::identity_of(std::string_view identifier) {
  return one_identity("WHERE identifier = ?", identifier);
}

result<std::optional<identity_row>> database::default_identity() {
  return one_identity("WHERE is_default", std::nullopt);
}

result<void> database::add_identity(const identity_row& i) {
  statement s{db_.get(), "INSERT INTO identity (name, identifier, history, vault, is_default) VALUES (?, ?, ?, ?, "
                         "NOT EXISTS (SELECT 1 FROM identity WHERE is_default))"};
  return s.bind(i.name).bind(i.identifier).bind(i.history).bind_or_null(i.vault).run();
}

result<void> database::update_identity(const identity_row& i) {
  statement s{db_.get(), "UPDATE identity SET name = ?, history = ?, vault = ? WHERE identifier = ?"};
  return s.bind(i.name).bind(i.history).bind_or_null(i.vault).bind(i.identifier).run();
}

result<void> database::set_default_identity(std::string_view name) {
  return statement{db_.get(), "UPDATE identity SET is_default = (name = ?)"}.bind(name).run();
}

result<void> database::remove_identity(std::string_view name) {
  return shrink([&] {
    return transaction(db_.get(), [&]() -> result<void> {
      if (auto ok = statement{db_.get(), "DELETE FROM identity WHERE name = ?"}.bind(name).run(); !ok)
        return ok;
      return execute(db_.get(), "UPDATE identity SET is_default = 1 WHERE rowid = (SELECT min(rowid) FROM identity) "
                                "AND NOT EXISTS (SELECT 1 FROM identity WHERE is_default)");
    });
  });
}

} // namespace ockam::state
