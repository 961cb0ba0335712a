// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/node_identity.hpp"

#include "channels/keys.hpp"
#include "portals/keys.hpp"
#include "relays/keys.hpp"
#include "runtime/core/address.hpp"

#include <map>

namespace ockam::cli {

namespace {

constexpr const char* section = "identity";

std::string section_title(const std::string& name) { return std::string{channels::identity_kind} + " " + name; }

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

using section_keys = std::vector<std::pair<std::string, std::string>>;

/// What a node's file says of an identity. Errors: `not_found` for one whose key is not here, `invalid_argument` for one whose
/// vault has to be unlocked by hand.
result<section_keys> keys_for_node(invocation& in, const state::identity_row& identity) {
  const auto* row = &identity;
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
  section_keys out{{"vault", vault->path}, {"history", in.home.history_file(row->identifier).string()}};
  if (vault->passphrase_file)
    out.emplace_back("passphrase-file", *vault->passphrase_file);
  return out;
}

/// One that channels are to have. Error: `not_found`.
result<state::identity_row> lendable(invocation& in, const std::string& name) {
  return known_identity(in, name, "There is no Identity with name " + printable(name) + " on this machine");
}

} // namespace

result<void> choose_identity(invocation& in, ini_file& ini, const std::optional<std::string>& name) {
  if (ini.contains(section))
    return {};
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto row = chosen(in, name);
  auto keys = row ? keys_for_node(in, *row) : result<section_keys>{std::move(row).error()};
  if (!keys)
    return std::move(keys).error();
  for (auto& [key, value] : *keys)
    ini.at(section).set(key, value);
  return {};
}

result<void> resolve_channel_identities(invocation& in, ini_file& ini) {
  std::map<std::string, section_keys> wanted;
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  for (auto kind : {channels::channel_kind, channels::listener_kind, portal::inlet_kind, relay_kind})
    for (auto* s : ini.of_kind(kind)) {
      auto name = s->take("identity");
      if (name.empty())
        continue;
      if (ini.contains(section_title(name))) {
        s->set("identity", name);
        continue;
      }
      auto row = lendable(in, name);
      auto keys = row ? keys_for_node(in, *row) : result<section_keys>{std::move(row).error()};
      if (!keys)
        return error{keys.error().code, "[" + printable(s->title) + "]: " + keys.error().cause, keys.error().hint};
      if (auto ok = write_history_file(in.home, *row); !ok)
        return ok;
      s->set("identity", row->identifier);
      wanted.emplace(row->identifier, *std::move(keys));
    }
  for (auto& [identifier, keys] : wanted) // a new section moves the others
    for (auto& [key, value] : keys)
      ini.at(section_title(identifier)).set(key, value);
  return {};
}

result<std::string> lend_identity(invocation& in, const std::string& node, const std::string& name) {
  if (name.empty())
    return std::string{};
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto row = lendable(in, name);
  if (!row)
    return std::move(row).error();
  if (identifier_of_node(in.home, node) == row->identifier)
    return std::string{};
  auto keys = keys_for_node(in, *row);
  auto there = keys ? items_of(in, node, channels::identity_kind) : result<item_list>{std::move(keys).error()};
  if (!there)
    return std::move(there).error();
  if (find_item(*there, row->identifier))
    return row->identifier;
  if (auto ok = write_history_file(in.home, *row); !ok)
    return std::move(ok).error();
  control::CreateItem wanted;
  wanted.set_kind(std::string{channels::identity_kind});
  wanted.set_name(row->identifier);
  for (const auto& [key, value] : *keys)
    set_key(wanted, key, value);
  wanted.set_wait_ms(wait_ms(in, std::chrono::milliseconds{10'000}));
  auto made = create_item(in, node, std::move(wanted));
  if (!made)
    return std::move(made).error();
  auto why = made->empty() ? std::string{} : field_of((*made)[0], "reason");
  if (why.empty())
    return row->identifier;
  (void)delete_item(in, node, channels::identity_kind, row->identifier);
  return error{errc::not_found, "node " + node + " cannot use the identity " + printable(name) + ": " + why, {}};
}

option identity_option() {
  return {.name = "identity", .value = "NAME", .about = "The identity that the node has in it; its own if not given"};
}

result<void> set_identity(control::CreateItem& to, invocation& in, const std::string& node) {
  auto lent = lend_identity(in, node, in.args.get("identity"));
  if (!lent)
    return std::move(lent).error();
  if (!lent->empty())
    set_key(to, "identity", *lent);
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
  for (const auto& identifier : identifiers_of_node(in.home, node)) {
    auto db = in.database();
    auto row = db ? (*db)->identity_of(identifier) : result<std::optional<state::identity_row>>{std::move(db).error()};
    auto ok = !row ? result<void>{std::move(row).error()} : *row ? write_history_file(in.home, **row) : result<void>{};
    if (!ok)
      return ok;
  }
  return {};
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
