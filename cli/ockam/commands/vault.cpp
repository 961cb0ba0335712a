// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/columns.hpp"
#include "cli/ockam/identities.hpp"
#include "cli/ockam/names.hpp"
#include "runtime/core/address.hpp"

namespace ockam::cli {

namespace {

std::optional<std::string> given_name(const invocation& in) {
  return in.args.has("NAME") ? std::optional{in.args.get("NAME")} : std::nullopt;
}

result<std::string> random_vault_name(invocation& in) {
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  while (true) {
    auto name = two_words();
    auto taken = (*db)->vault(name);
    if (!taken)
      return std::move(taken).error();
    if (!*taken)
      return name;
  }
}

result<void> create(invocation& in) {
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto name = in.args.has("NAME") ? result<std::string>{in.args.get("NAME")} : random_vault_name(in);
  if (!name)
    return std::move(name).error();
  if (in.args.has("passphrase") && in.args.has("passphrase-file"))
    return error{errc::invalid_argument, "a passphrase is typed or in a file, not both", {}};
  auto made = create_vault(in, {*name, in.args.get("path"), in.args.get("passphrase-file"), in.args.has("passphrase"),
                                in.args.get("token"), in.args.get("module")});
  if (!made)
    return std::move(made).error();
  if (made->is_default)
    in.out.notice("  > This is the first vault to be created in this environment. It will be set as the default vault");
  return in.out.show({{{"name", *name}}, done_line("Vault created with name '" + *name + "'!"), *name});
}

result<std::vector<state::vault_row>> all(invocation& in) {
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  return (*db)->vaults();
}

result<std::vector<state::identity_row>> all_identities(invocation& in) {
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  return (*db)->identities();
}

std::string kind_text(const state::vault_row& v) {
  if (v.is_token)
    return v.passphrase_file ? "token" : "token, PIN is typed";
  return !v.is_sealed ? "file" : v.passphrase_file ? "sealed file" : "sealed file, passphrase is typed";
}

result<void> list(invocation& in) {
  auto found = all(in);
  auto who = all_identities(in);
  if (!found || !who)
    return found ? std::move(who).error() : std::move(found).error();
  if (found->empty())
    return in.out.show({json::array(), "  > There are no vaults: create one with ockam vault create"});
  auto data = json::array();
  columns table{{"VAULT", false, true}, {"KIND"}, {"IDENTITIES", false, true}, {"FILE", false, true}};
  for (const auto& v : *found) {
    data.push_back(view(v));
    table.add({v.name + (v.is_default ? " (default)" : ""), kind_text(v), listed(identities_in(*who, v.name)), v.path});
  }
  return in.out.show({data, table.text(in.out.style().width)});
}

result<void> show(invocation& in) {
  auto v = vault_or_default(in, given_name(in));
  if (!v)
    return std::move(v).error();
  if (!*v)
    return in.out.show({json::array(), "  > There are no vaults to show"});
  const auto& row = **v;
  auto who = all_identities(in);
  if (!who)
    return std::move(who).error();
  auto page = done_line("Vault " + row.name + (row.is_default ? " (the default vault)\n" : "\n"))
              + "      Type: External, " + kind_text(row) + "\n      File: " + row.path + "\n";
  if (row.passphrase_file)
    page += "      Passphrase: " + *row.passphrase_file + "\n";
  if (auto names = listed(identities_in(*who, row.name)); !names.empty())
    page += "      Identities: " + names + "\n";
  return in.out.show({view(row), page, row.name});
}

/// Error: identities would lose their keys.
result<void> check_unused(const state::vault_row& v, const std::vector<state::identity_row>& who) {
  auto users = identities_in(who, v.name);
  if (users.empty())
    return {};
  return error{errc::invalid_argument,
               "the vault " + printable(v.name)
                 + " cannot be deleted. It is used by the following identities: " + listed(users),
               "delete them first: ockam identity delete NAME -y"};
}

result<void> remove_all(invocation& in) {
  if (auto ok = in.confirm("Delete all vaults that no identity uses?"); !ok)
    return ok;
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto found = all(in);
  auto who = all_identities(in);
  if (!found || !who)
    return found ? std::move(who).error() : std::move(found).error();
  auto deleted = json::array();
  std::string text, names;
  for (const auto& v : *found) {
    if (auto ok = check_unused(v, *who); !ok) {
      in.out.warn(ok.error().cause);
      continue;
    }
    if (auto ok = delete_vault(in, v); !ok)
      return ok;
    deleted.push_back({{"name", v.name}});
    text += done_line("Vault " + printable(v.name) + " was deleted") + "\n";
    names += v.name + "\n";
  }
  return in.out.show({deleted, deleted.empty() ? "  > No vault was deleted" : text, names});
}

result<void> remove(invocation& in) {
  if (in.args.has("all"))
    return remove_all(in);
  auto given = given_name(in);
  if (!given) {
    in.out.warn("Nothing was deleted: name a vault, or all of them with --all");
    return in.out.show({json::array(), {}, ""});
  }
  if (auto v = known_vault(in, *given); !v) {
    auto others = all(in);
    return others && others->empty() ? none_to_delete(in, "vaults") : std::move(v).error();
  }
  if (auto ok = in.confirm("Delete vault " + *given + "?"); !ok)
    return ok;
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto v = known_vault(in, *given);
  auto who = all_identities(in);
  if (!v || !who)
    return v ? std::move(who).error() : std::move(v).error();
  if (auto ok = check_unused(*v, *who); !ok)
    return ok;
  if (auto ok = delete_vault(in, *v); !ok)
    return ok;
  return in.out.show({{{"name", *given}}, done_line("Vault " + *given + " was deleted"), *given});
}

/// Nodes name the file in their configuration.
result<void> check_no_node(invocation& in, const state::vault_row& v, const std::string& why) {
  auto who = all_identities(in);
  if (!who)
    return std::move(who).error();
  for (const auto& i : *who)
    if (i.vault == v.name)
      if (auto nodes = nodes_of(in.home, i); !nodes.empty())
        return error{errc::invalid_argument, why + " because it has the key of the node(s): " + listed(nodes),
                     "delete these nodes first, or leave it where it is"};
  return {};
}

result<void> move(invocation& in) {
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto name = in.args.get("NAME"), path = in.args.get("path");
  auto v = known_vault(in, name);
  if (!v && v.error().code == errc::not_found)
    return error{errc::not_found, "no vault found with name " + printable(name), v.error().hint};
  if (!v)
    return std::move(v).error();
  auto cannot = "The vault " + printable(name) + " cannot be moved to \"" + printable(path) + "\"";
  if (v->is_default)
    return error{errc::invalid_argument, cannot + " because this is the default vault",
                 "choose another one first: ockam vault default NAME"};
  if (auto ok = check_no_node(in, *v, cannot); !ok)
    return ok;
  if (auto ok = move_vault(in, *v, path); !ok)
    return ok;
  auto moved = known_vault(in, name);
  if (!moved)
    return std::move(moved).error();
  auto said = "  > Moved the vault " + name + " to \"" + path + "\"";
  if (!in.out.style().out_is_terminal)
    in.out.notice(said);
  return in.out.show({view(*moved), said, ""});
}

result<void> set_default(invocation& in, const std::string& name) {
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto v = known_vault(in, name);
  auto found = all(in);
  if (!v || !found)
    return v ? std::move(found).error() : std::move(v).error();
  // The first one is only by chance, as long as nobody has chosen it among several.
  if (v->is_default && (v->is_chosen || found->size() == 1))
    return error{errc::already_exists, "The vault named '" + printable(name) + "' is already the default", {}};
  if (auto ok = (*in.database())->choose_default_vault(name); !ok)
    return ok;
  return in.out.show({{{"name", name}}, done_line("The default vault is now '" + name + "'"), name});
}

result<void> show_default(invocation& in) {
  if (auto given = given_name(in))
    return set_default(in, *given);
  auto v = vault_or_default(in, {});
  if (!v)
    return std::move(v).error();
  if (!*v)
    return error{errc::not_found, "There is no default vault", "create one with: ockam vault create"};
  auto text = "The name of the default vault is '" + (*v)->name + "'";
  return in.out.show({{{"name", (*v)->name}}, done_line(text), text});
}

} // namespace

std::vector<command> vault_commands() {
  argument name{.name = "NAME", .about = "Name of the vault; the default vault if not given", .required = false};
  option yes{.name = "yes", .letter = 'y', .about = "Do not ask"};
  return {{.path = "vault create",
           .about = "Create a vault: a file of mode 0600 for private keys",
           .arguments = {{.name = "NAME", .about = "Its name; a random one if not given", .required = false}},
           .options = {{.name = "path", .value = "PATH", .about = "Its file; OCKAM_HOME/vault-NAME if not given"},
                       {.name = "passphrase-file",
                        .value = "FILE",
                        .about = "Seal it by the passphrase in this file, which nodes read when they start"},
                       {.name = "passphrase",
                        .about = "Seal it by a passphrase that is typed, now and each time a key is used"},
                       {.name = "token",
                        .value = "LABEL",
                        .about = "Keys of identities are in this PKCS#11 token; the passphrase is its PIN",
                        .needs = "module"},
                       {.name = "module",
                        .value = "PATH",
                        .about = "The PKCS#11 module of the token, a shared library",
                        .needs = "token"}},
           .example = "ockam vault create v1 --passphrase-file /etc/ockam/passphrase",
           .run = &create},
          {.path = "vault list",
           .about = "List all vaults",
           .arguments = {},
           .options = {},
           .example = "ockam vault list --output json",
           .run = &list},
          {.path = "vault show",
           .about = "Show a vault: its file, and whose keys are in it",
           .arguments = {name},
           .options = {},
           .example = "ockam vault show v1",
           .run = &show},
          {.path = "vault default",
           .about = "Show or choose the vault that is meant where none is named",
           .arguments = {name},
           .options = {},
           .example = "ockam vault default v1",
           .run = &show_default},
          {.path = "vault move",
           .about = "Move the file of a vault",
           .arguments = {{.name = "NAME", .about = "Name of the vault"}},
           .options = {{.name = "path", .value = "PATH", .about = "Where it is to be", .required = true}},
           .example = "ockam vault move v1 --path /media/usb/v1",
           .run = &move},
          {.path = "vault delete",
           .about = "Delete a vault that no identity uses, and its file",
           .arguments = {{.name = "NAME", .about = "Name of the vault", .required = false}},
           .options = {{.name = "all", .about = "All of them that no identity uses"}, yes},
           .example = "ockam vault delete v1 -y",
           .run = &remove}};
}

} // namespace ockam::cli
