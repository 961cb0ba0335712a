// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/node_identity.hpp"

#include "runtime/core/address.hpp"

namespace ockam::cli {

namespace {

constexpr const char* section = "identity";

result<state::identity_row> chosen(invocation& in, const std::optional<std::string>& name) {
  if (name)
    return identity_or_new(in, *name, std::nullopt);
  auto db = in.database();
  auto row = db ? (*db)->default_identity() : result<std::optional<state::identity_row>>{std::move(db).error()};
  if (!row)
    return std::move(row).error();
  if (*row)
    return std::move(**row);
  in.out.notice("    There is no default Identity on this machine, generating one...\n");
  auto drawn = random_identity_name(in);
  return drawn ? identity_or_new(in, *drawn, std::nullopt) : std::move(drawn).error();
}

/// The identifier that a section of ours names.
std::optional<std::string> identifier_in(const ini_file& ini, const state::home& h) {
  for (const auto& s : ini.sections())
    for (const auto& [key, value] : s.keys)
      if (s.title == section && key == "history" && std::filesystem::path{value}.parent_path() == h.identities())
        return std::filesystem::path{value}.filename().string();
  return std::nullopt;
}

} // namespace

result<void> choose_identity(invocation& in, ini_file& ini, const std::optional<std::string>& name) {
  if (ini.contains(section))
    return {};
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto row = chosen(in, name);
  if (!row)
    return std::move(row).error();
  const auto called = "the identity " + printable(row->name);
  if (!row->vault)
    return error{errc::not_found, "the key of " + called + " is not here: it was imported",
                 "name another one: --identity NAME"};
  auto vault = known_vault(in, *row->vault);
  if (!vault)
    return std::move(vault).error();
  if (vault->is_sealed && !vault->passphrase_file)
    return error{errc::invalid_argument,
                 "the passphrase of vault " + printable(vault->name) + ", which has the key of " + called
                   + ", is typed: a node cannot be asked",
                 "name an identity in another vault: --identity NAME"};
  auto& s = ini.at(section);
  s.set("vault", vault->path).set("history", in.home.history_file(row->identifier).string());
  if (vault->passphrase_file)
    s.set("passphrase-file", *vault->passphrase_file);
  return {};
}

result<state::keys_guard> hold_identity(invocation& in, const ini_file& ini, const state::name_guard& node) {
  auto guard = state::keys_guard::acquire(in.home, node);
  if (!guard)
    return guard;
  auto identifier = identifier_in(ini, in.home);
  if (!identifier)
    return guard;
  auto db = in.database();
  auto row = db ? (*db)->identity_of(*identifier) : result<std::optional<state::identity_row>>{std::move(db).error()};
  if (!row)
    return std::move(row).error();
  if (!*row)
    return error{errc::not_found, "the identity " + *identifier + " was deleted meanwhile", "try again"};
  auto ok = write_history_file(in.home, **row);
  return ok ? std::move(guard) : std::move(ok).error();
}

result<void> refresh_history(invocation& in, const std::string& node) {
  auto identifier = identifier_of_node(in.home, node);
  if (!identifier)
    return {};
  auto db = in.database();
  auto row = db ? (*db)->identity_of(*identifier) : result<std::optional<state::identity_row>>{std::move(db).error()};
  if (!row)
    return std::move(row).error();
  return *row ? write_history_file(in.home, **row) : result<void>{};
}

std::optional<std::string> identity_name_of(invocation& in, const std::string& node) {
  auto identifier = identifier_of_node(in.home, node);
  auto db = in.database();
  if (!identifier || !db)
    return std::nullopt;
  auto row = (*db)->identity_of(*identifier);
  return row && *row ? std::optional{(*row)->name} : std::nullopt;
}

} // namespace ockam::cli
