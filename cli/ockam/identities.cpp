// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/identities.hpp"

#include "channels/keys.hpp"
#include "cli/node/config_sources.hpp"
#include "cli/ockam/names.hpp"
#include "cli/state/files.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/hex.hpp"
#include "runtime/core/suggest.hpp"

#include <algorithm>
#include <chrono>

namespace ockam::cli {

namespace {

namespace fs = std::filesystem;
using identities::identity;

identities::timestamp now() {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<identities::timestamp>(std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

void say_default_vault(invocation& in, const std::string& name) {
  in.out.notice("    This Identity needs a Vault to store its secrets.\n"
                "    There is no default Vault on this machine, creating one...\n"
                + done_line("Created a new Vault named " + name + ".\n")
                + done_line("Marked this new Vault as your default Vault, on this machine.\n"));
}

/// The vault for a new key: the one that is named, the default one, or a new one.
result<state::vault_row> vault_for_key(invocation& in, const std::optional<std::string>& given) {
  auto v = vault_or_default(in, given);
  if (!v && v.error().code != errc::not_found)
    return std::move(v).error();
  if (v && *v)
    return std::move(**v);
  auto made = create_vault(in, {.name = given.value_or("default")});
  if (made && !given)
    say_default_vault(in, made->name);
  else if (made)
    in.out.notice("    This Identity needs a Vault to store its secrets.\n"
                  + done_line("Created a new Vault named " + made->name + " on your disk."));
  return made;
}

state::identity_row row_of(std::string name, const identity& who, std::optional<std::string> vault) {
  return {std::move(name), to_string(who.id()), to_hex(who.exported()), std::move(vault), false};
}

result<state::identity_row> create(invocation& in, const std::string& name, const std::optional<std::string>& vault) {
  auto where = vault_for_key(in, vault);
  if (!where)
    return std::move(where).error();
  auto keys = open_vault(in, *where);
  if (!keys)
    return std::move(keys).error();
  auto type = where->is_token ? identities::key_type::p256 : identities::key_type::ed25519;
  auto made = identities::create_identity(**keys, type, now());
  if (!made)
    return std::move(made).error();
  auto row = row_of(name, *made, where->name);
  auto& db = **in.database();
  if (auto ok = db.add_identity(row); !ok) {
    (void)(*keys)->remove(made->latest().data.key); // nobody would ever look for it
    return std::move(ok).error();
  }
  in.out.notice(done_line("Generated a new Identity named " + name + ".\n") + "    " + name + " has Identifier "
                + row.identifier);
  auto is_default = db.default_identity();
  if (is_default && *is_default && (*is_default)->name == name)
    in.out.notice(done_line("Marked " + name + " as your default Identity, on this machine.\n"));
  return row;
}

/// Where the key of an imported identity would be.
result<std::optional<std::string>> vault_of_import(invocation& in, const std::optional<std::string>& given) {
  if (given) {
    auto v = known_vault(in, *given);
    return v ? result<std::optional<std::string>>{v->name} : std::move(v).error();
  }
  auto all = (*in.database())->vaults();
  if (!all)
    return std::move(all).error();
  for (const auto& v : *all)
    if (v.is_default)
      return std::optional{v.name};
  return std::optional<std::string>{};
}

/// What is kept of one that is known, when it is imported.
result<state::identity_row> learn(const state::identity_row& known, const identity& shown) {
  auto before = read_identity(known);
  if (!before)
    return std::move(before).error();
  auto row = known;
  switch (identities::compare(*before, shown)) {
    case identities::comparison::same: return row;
    case identities::comparison::newer: row.history = to_hex(shown.exported()); return row;
    case identities::comparison::older:
      return error{errc::not_authentic, "the history is older than what is known of " + printable(known.name),
                   "ask for the newest one"};
    case identities::comparison::conflict: break;
  }
  return error{errc::not_authentic, "the history goes on otherwise than what is known of " + printable(known.name),
               "two hold its key: neither can be trusted"};
}

/// Its key, which is no use any more, out of its vault.
void remove_key(invocation& in, const state::identity_row& who) {
  auto known = read_identity(who);
  auto vault = who.vault ? known_vault(in, *who.vault) : result<state::vault_row>{error{errc::not_found, {}, {}}};
  if (!known || !vault)
    return;
  auto keys = open_vault(in, *vault);
  auto gone = keys ? (*keys)->remove(known->latest().data.key) : result<void>{std::move(keys).error()};
  bool was_never_there = keys && !gone && gone.error().code == errc::not_found; // it was imported
  if (!gone && !was_never_there)
    in.out.warn("The key of " + printable(who.name) + " is still in the vault " + printable(vault->name) + ": "
                + to_string(gone.error()));
}

result<void> check_name_free(invocation& in, const std::string& name, const std::string& identifier) {
  auto other = (*in.database())->identity(name);
  if (!other)
    return std::move(other).error();
  if (!*other || (*other)->identifier == identifier)
    return {};
  return error{errc::already_exists,
               "An identity named " + printable(name) + " already exists: " + (*other)->identifier,
               "give another name"};
}

} // namespace

result<state::identity_row> known_identity(invocation& in, const std::string& name, const std::string& cause) {
  auto db = in.database();
  auto all = db ? (*db)->identities() : result<std::vector<state::identity_row>>{std::move(db).error()};
  if (!all)
    return std::move(all).error();
  std::vector<std::string> names;
  for (auto& i : *all) {
    if (i.name == name)
      return std::move(i);
    if (i.identifier == name)
      return error{errc::not_found, cause, "it is called " + printable(i.name)};
    names.push_back(i.name);
  }
  auto near = nearest(name, names);
  return error{errc::not_found, cause,
               near ? "did you mean " + printable(*near) + "?" : "see them with: ockam identity list"};
}

result<state::identity_row> identity_or_default(invocation& in, const std::optional<std::string>& given) {
  if (given)
    return known_identity(in, *given, "no identifier found with name " + printable(*given));
  auto db = in.database();
  auto row = db ? (*db)->default_identity() : result<std::optional<state::identity_row>>{std::move(db).error()};
  if (!row)
    return std::move(row).error();
  if (*row)
    return std::move(**row);
  return error{errc::not_found, "no default identifier found", "create one with: ockam identity create"};
}

result<state::identity_row> identity_or_new(invocation& in, const std::string& name,
                                            const std::optional<std::string>& vault) {
  auto db = in.database();
  auto row = db ? (*db)->identity(name) : result<std::optional<state::identity_row>>{std::move(db).error()};
  if (!row)
    return std::move(row).error();
  return *row ? result<state::identity_row>{std::move(**row)} : create(in, name, vault);
}

result<std::string> random_identity_name(invocation& in) {
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  while (true) {
    auto name = two_words();
    auto taken = (*db)->identity(name);
    if (!taken)
      return std::move(taken).error();
    if (!*taken)
      return name;
  }
}

result<state::identity_row> import_identity(invocation& in, const std::string& hex,
                                            const std::optional<std::string>& name,
                                            const std::optional<std::string>& vault) {
  auto bytes = parse_hex(hex);
  auto shown = bytes ? identity::import(*bytes) : result<identity>{std::move(bytes).error()};
  if (!shown)
    return error{shown.error().code, "the identity is not valid: " + shown.error().cause, shown.error().hint};
  auto db = in.database();
  auto known =
    db ? (*db)->identity_of(to_string(shown->id())) : result<std::optional<state::identity_row>>{std::move(db).error()};
  if (!known)
    return std::move(known).error();
  if (name)
    if (auto ok = check_name_free(in, *name, to_string(shown->id())); !ok)
      return std::move(ok).error();
  if (*known) {
    auto row = learn(**known, *shown);
    if (!row)
      return row;
    auto where = vault ? vault_of_import(in, vault) : result<std::optional<std::string>>{row->vault};
    if (!where)
      return std::move(where).error();
    row->name = name.value_or(row->name);
    row->vault = *std::move(where);
    auto ok = (*db)->update_identity(*row);
    std::error_code unseen;
    if (ok && fs::exists(in.home.history_file(row->identifier), unseen)) // a node has it
      ok = write_history_file(in.home, *row);
    return ok ? std::move(row) : std::move(ok).error();
  }
  auto where = vault_of_import(in, vault);
  auto called = name ? result<std::string>{*name} : random_identity_name(in);
  if (!where || !called)
    return where ? std::move(called).error() : std::move(where).error();
  auto row = row_of(*called, *shown, *where);
  auto ok = (*db)->add_identity(row);
  return ok ? result<state::identity_row>{std::move(row)} : std::move(ok).error();
}

result<state::identity_row> rotate_identity(invocation& in, state::identity_row row) {
  auto who = read_identity(row);
  if (!who)
    return std::move(who).error();
  if (!row.vault)
    return error{errc::not_found, "the key of " + printable(row.name) + " is not here: it was imported",
                 "rotate it where its key is"};
  auto vault = known_vault(in, *row.vault);
  auto keys = vault ? open_vault(in, *vault) : result<std::unique_ptr<identities::vault>>{std::move(vault).error()};
  if (!keys)
    return std::move(keys).error();
  auto old = who->latest().data.key;
  auto next = identities::rotate(**keys, *who, old.type, now());
  if (!next)
    return error{next.error().code, "cannot rotate " + printable(row.name) + ": " + next.error().cause,
                 next.error().hint};
  row.history = to_hex(next->exported());
  if (auto ok = (*in.database())->update_identity(row); !ok) {
    (void)(*keys)->remove(next->latest().data.key);
    return std::move(ok).error();
  }
  // From here on the new one is what counts; what is left of the old one is said and does no harm.
  if (auto ok = write_history_file(in.home, row); !ok)
    in.out.warn("Nodes do not see the new key yet: " + to_string(ok.error()));
  if (auto ok = (*keys)->remove(old); !ok)
    in.out.warn("The old key is still in the vault: " + to_string(ok.error()));
  return row;
}

result<void> delete_identity(invocation& in, const state::identity_row& who) {
  if (auto ok = (*in.database())->remove_identity(who.name); !ok)
    return ok;
  std::error_code ignored;
  fs::remove(in.home.history_file(who.identifier), ignored);
  remove_key(in, who);
  return {};
}

result<identity> read_identity(const state::identity_row& row) {
  auto id = identities::parse_identifier(row.identifier);
  auto bytes = parse_hex(row.history);
  auto who =
    id && bytes ? identity::import(*bytes, &*id) : result<identity>{error{errc::malformed, "no hex digits", {}}};
  if (!who)
    return error{errc::corrupt_state,
                 "what the database has of " + printable(row.name) + " is not valid: " + who.error().cause,
                 "import it again, or delete it"};
  return who;
}

result<void> write_history_file(const state::home& h, const state::identity_row& row) {
  auto file = h.history_file(row.identifier);
  auto text = row.history + "\n";
  if (auto before = state::read_file(file); before && *before == text)
    return {};
  if (auto ok = h.create_identities_dir(); !ok)
    return ok;
  return state::replace_file(file, text);
}

namespace {

constexpr std::string_view own_section = "identity";

/// Of the sections that name one, with their titles.
std::vector<std::pair<std::string, std::string>> identifiers_in(const state::home& h, std::string_view node) {
  std::vector<std::pair<std::string, std::string>> out;
  auto text = state::read_file(h.config_file(node));
  if (!text)
    return out;
  for (const auto& s : read_config_sources(*text, h.config_file(node).string()).sections)
    if (s.title == own_section || s.title.starts_with(std::string{channels::identity_kind} + " "))
      for (const auto& e : s.entries)
        if (e.key == "history")
          if (auto id = identities::parse_identifier(fs::path{e.value.text}.filename().string()))
            out.emplace_back(s.title, to_string(*id));
  return out;
}

} // namespace

std::optional<std::string> identifier_of_node(const state::home& h, std::string_view node) {
  for (auto& [title, id] : identifiers_in(h, node))
    if (title == own_section)
      return std::move(id);
  return std::nullopt;
}

std::vector<std::string> identifiers_of_node(const state::home& h, std::string_view node) {
  std::vector<std::string> out;
  for (auto& [title, id] : identifiers_in(h, node))
    out.push_back(std::move(id));
  return out;
}

std::vector<std::string> nodes_of(const state::home& h, const state::identity_row& who) {
  auto out = state::node_directories(h);
  std::erase_if(out, [&](const auto& node) {
    auto all = identifiers_of_node(h, node);
    return std::find(all.begin(), all.end(), who.identifier) == all.end();
  });
  return out;
}

std::vector<std::string> identities_in(const std::vector<state::identity_row>& all, const std::string& vault) {
  std::vector<std::string> out;
  for (const auto& i : all)
    if (i.vault == vault)
      out.push_back(i.name);
  return out;
}

json view(const state::identity_row& row) {
  return {{"name", row.name},
          {"identifier", row.identifier},
          {"is_default", row.is_default},
          {"vault_name", row.vault ? json(*row.vault) : json{}}};
}

namespace {

std::string key_text(const identities::verifying_key& key) {
  return std::string{to_string(key.type)} + ": " + to_hex(key.bytes());
}

} // namespace

json changes_view(const identity& who) {
  json out{{"identifier", to_string(who.id())}, {"changes", json::array()}};
  for (const auto& c : who.changes())
    out["changes"].push_back({{"identifier", to_hex(c.hash)},
                              {"primary_public_key", key_text(c.data.key)},
                              {"revoke_all_purpose_keys", c.data.revokes_purpose_keys}});
  return out;
}

std::string changes_page(const identity& who) {
  auto out = "Identifier: " + to_string(who.id());
  for (std::size_t i = 0; i < who.changes().size(); ++i) {
    const auto& c = who.changes()[i];
    out += "\n  Change[" + std::to_string(i) + "]:\n    identifier:              " + to_hex(c.hash)
           + "\n    primary_public_key:      " + key_text(c.data.key)
           + "\n    revoke_all_purpose_keys: " + (c.data.revokes_purpose_keys ? "true" : "false");
  }
  return out;
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& n : names)
    out += (out.empty() ? "" : ", ") + printable(n);
  return out;
}

} // namespace ockam::cli
