// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/columns.hpp"
#include "cli/ockam/identities.hpp"
#include "cli/state/node_process.hpp"
#include "runtime/core/address.hpp"

#include <csignal>
#include <fstream>
#include <iostream>

namespace ockam::cli {

namespace {

/// As many changes as are looked at, in hex, with a line end.
constexpr std::size_t max_history = 256u << 10;

std::optional<std::string> given(const invocation& in, const std::string& what) {
  return in.args.has(what) ? std::optional{in.args.get(what)} : std::nullopt;
}

result<void> show_imported(invocation& in, const result<state::identity_row>& row) {
  if (!row)
    return row.error();
  auto text = done_line("Identity imported successfully with name " + row->name);
  return in.out.show({{{"identifier", row->identifier}, {"name", row->name}}, text, text});
}

result<void> create(invocation& in) {
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  if (auto hex = given(in, "identity"))
    return show_imported(in, import_identity(in, *hex, given(in, "NAME"), given(in, "vault")));
  auto name = in.args.has("NAME") ? result<std::string>{in.args.get("NAME")} : random_identity_name(in);
  if (!name)
    return std::move(name).error();
  auto row = identity_or_new(in, *name, given(in, "vault"));
  if (!row)
    return std::move(row).error();
  return in.out.show({{{"identifier", row->identifier}}, row->identifier, row->identifier});
}

/// What was given, or what the file of that name or standard input (`-`) has, without blanks around it.
result<std::string> history_text(const std::string& word) {
  std::error_code unseen;
  bool is_input = word == "-";
  if (!is_input && !std::filesystem::is_regular_file(word, unseen))
    return word;
  std::ifstream file;
  if (!is_input)
    file.open(word, std::ios::binary);
  std::istream& from = is_input ? std::cin : file;
  std::string text(max_history + 1, '\0');
  from.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (from.bad() || !from.eof())
    return error{errc::too_large, printable(word) + " cannot be read, or has more than a change history can have", {}};
  text.resize(static_cast<std::size_t>(from.gcount()));
  constexpr const char* blanks = " \t\r\n";
  text.erase(text.find_last_not_of(blanks) + 1);
  text.erase(0, text.find_first_not_of(blanks));
  return text;
}

result<void> import(invocation& in) {
  auto hex = history_text(in.args.get("HISTORY"));
  if (!hex)
    return std::move(hex).error();
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  return show_imported(in, import_identity(in, *hex, given(in, "NAME"), given(in, "vault")));
}

result<void> list(invocation& in) {
  auto db = in.database();
  auto all = db ? (*db)->identities() : result<std::vector<state::identity_row>>{std::move(db).error()};
  if (!all)
    return std::move(all).error();
  auto data = json::array();
  columns table{{"IDENTITY", false, true}, {"IDENTIFIER"}, {"VAULT", false, true}};
  for (const auto& i : *all) {
    data.push_back(view(i));
    table.add({i.name + (i.is_default ? " (default)" : ""), i.identifier, i.vault.value_or("")});
  }
  return in.out.show({data, all->empty() ? "  > There are no identities: create one with ockam identity create"
                                         : table.text(in.out.style().width)});
}

result<void> show_encoded(invocation& in, const state::identity_row& row) {
  return in.out.show({{{"encoded", row.history}}, row.history, row.history});
}

result<void> show(invocation& in) {
  auto row = identity_or_default(in, given(in, "NAME"));
  if (!row)
    return std::move(row).error();
  auto who = read_identity(*row);
  if (!who)
    return std::move(who).error();
  if (!in.args.has("full"))
    return in.out.show({{{"identifier", row->identifier}}, row->identifier, row->identifier});
  if (in.args.get("encoding") == "hex")
    return show_encoded(in, *row);
  auto page = changes_page(*who);
  return in.out.show({changes_view(*who), page, page});
}

result<void> export_history(invocation& in) {
  auto row = identity_or_default(in, given(in, "NAME"));
  if (!row)
    return std::move(row).error();
  if (auto who = read_identity(*row); !who)
    return std::move(who).error();
  return show_encoded(in, *row);
}

result<void> rotate(invocation& in) {
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto before = identity_or_default(in, given(in, "NAME"));
  if (!before)
    return std::move(before).error();
  auto row = rotate_identity(in, *std::move(before));
  auto who = row ? read_identity(*row) : result<identities::identity>{std::move(row).error()};
  if (!who)
    return std::move(who).error();
  auto nodes = nodes_of(in.home, *row);
  for (const auto& node : nodes) // those that run read it again
    if (auto running = state::process_of(in.home, node); running && !running->signal(SIGHUP))
      in.out.warn("Node " + printable(node) + " cannot be told: it goes on with the key before until it is started again");
  auto number = std::to_string(who->changes().size() - 1);
  return in.out.show({{{"identifier", row->identifier}, {"changes", who->changes().size()}, {"nodes", nodes}},
                      done_line("Identity " + row->name + " has a new key, change " + number
                                + " of its history. Show it to who knows "
                                  "the identity:\n    ockam identity export "
                                + row->name),
                      row->identifier});
}

result<void> check_unused(invocation& in, const state::identity_row& row) {
  auto nodes = nodes_of(in.home, row);
  if (nodes.empty())
    return {};
  return error{errc::invalid_argument,
               "The identity named " + printable(row.name)
                 + " cannot be deleted because it is used by the node(s): " + listed(nodes),
               "delete them first: ockam node delete NAME -y"};
}

result<void> remove_all(invocation& in) {
  if (auto ok = in.confirm("Delete all identities that no node has, and their keys?"); !ok)
    return ok;
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto db = in.database();
  auto all = db ? (*db)->identities() : result<std::vector<state::identity_row>>{std::move(db).error()};
  if (!all)
    return std::move(all).error();
  auto deleted = json::array();
  std::string text, names;
  for (const auto& i : *all) {
    if (auto ok = check_unused(in, i); !ok) {
      in.out.warn(ok.error().cause);
      continue;
    }
    if (auto ok = delete_identity(in, i); !ok)
      return ok;
    deleted.push_back({{"name", i.name}});
    text += done_line("Identity " + printable(i.name) + " was deleted") + "\n";
    names += i.name + "\n";
  }
  return in.out.show({deleted, deleted.empty() ? "  > No identity was deleted" : text, all->empty() ? "[]" : names});
}

result<void> remove(invocation& in) {
  if (in.args.has("all"))
    return remove_all(in);
  if (!in.args.has("NAME")) {
    in.out.warn("Nothing was deleted: name an identity, or all of them with --all");
    return in.out.show({json::array(), {}, ""});
  }
  auto name = in.args.get("NAME");
  auto find = [&] { return known_identity(in, name, "The identity " + printable(name) + " was not found"); };
  if (auto row = find(); !row) {
    auto db = in.database();
    auto others = db ? (*db)->identities() : result<std::vector<state::identity_row>>{std::move(db).error()};
    return others && others->empty() ? none_to_delete(in, "identities") : std::move(row).error();
  }
  if (auto ok = in.confirm("Delete identity " + name + " and its key?"); !ok)
    return ok;
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto row = find();
  if (!row)
    return std::move(row).error();
  if (auto ok = check_unused(in, *row); !ok)
    return ok;
  if (auto ok = delete_identity(in, *row); !ok)
    return ok;
  return in.out.show({{{"name", name}}, done_line("Identity " + name + " was deleted"), name});
}

result<void> set_default(invocation& in, const std::string& name) {
  auto guard = state::keys_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto row = known_identity(in, name, "There is no identity with name " + printable(name));
  if (!row)
    return std::move(row).error();
  if (row->is_default)
    return error{errc::already_exists, "The identity named '" + printable(name) + "' is already the default", {}};
  if (auto ok = (*in.database())->set_default_identity(name); !ok)
    return ok;
  return in.out.show({{{"name", name}}, done_line("The default identity is now '" + name + "'"), name});
}

result<void> show_default(invocation& in) {
  if (auto name = given(in, "NAME"))
    return set_default(in, *name);
  auto row = identity_or_default(in, {});
  if (!row)
    return std::move(row).error();
  auto text = "The name of the default identity is '" + row->name + "'";
  return in.out.show({{{"name", row->name}}, done_line(text), text});
}

} // namespace

std::vector<command> identity_commands() {
  argument name{.name = "NAME", .about = "Name of the identity; the default identity if not given", .required = false};
  argument new_name{.name = "NAME", .about = "Its name; a random one if not given", .required = false};
  option vault{.name = "vault",
               .value = "VAULT",
               .about = "The vault for its key, made if it is not there; the default vault if not given"};
  option known_vault{.name = "vault", .value = "VAULT", .about = "The vault that has its key, if there is one"};
  return {
    {.path = "identity create",
     .about = "Create an identity and its key; the first one becomes the default",
     .arguments = {new_name},
     .options = {vault,
                 {.name = "identity", .value = "HEX", .about = "Import this change history instead, of somebody else"}},
     .example = "ockam identity create alice",
     .run = &create},
    {.path = "identity list",
     .about = "List all identities",
     .arguments = {},
     .options = {},
     .example = "ockam identity list --output json",
     .run = &list},
    {.path = "identity show",
     .about = "Show the identifier of an identity, or all of its changes",
     .arguments = {name},
     .options = {{.name = "full", .about = "All changes, with their keys"},
                 {.name = "encoding",
                  .value = "ENCODING",
                  .about = "How the changes are printed; hex is for import elsewhere",
                  .values = {"plain", "hex"},
                  .needs = "full"}},
     .example = "ockam identity show alice --full",
     .run = &show},
    {.path = "identity export",
     .about = "Print the change history in hex, for others to import; it has no private key",
     .arguments = {name},
     .options = {},
     .example = "ockam identity export alice",
     .run = &export_history},
    {.path = "identity import",
     .about = "Take the change history of an identity, or what is newer in it",
     .arguments = {{.name = "HISTORY", .about = "In hex, or a file that has it, - for standard input"},
                   {.name = "NAME",
                    .about = "Its name; the one that it has, or a random one, if not given",
                    .required = false}},
     .options = {known_vault},
     .example = "ockam identity import alice.hex alice",
     .run = &import},
    {.path = "identity rotate",
     .about = "Give an identity a new key; its identifier stays",
     .arguments = {name},
     .options = {},
     .example = "ockam identity rotate alice",
     .run = &rotate},
    {.path = "identity default",
     .about = "Show or choose the default identity",
     .arguments = {name},
     .options = {},
     .example = "ockam identity default alice",
     .run = &show_default},
    {.path = "identity delete",
     .about = "Delete an identity that no node has, and its key",
     .arguments = {{.name = "NAME", .about = "Name of the identity", .required = false}},
     .options = {{.name = "all", .about = "All of them that no node has"},
                 {.name = "yes", .letter = 'y', .about = "Do not ask"}},
     .example = "ockam identity delete alice -y",
     .run = &remove}};
}

} // namespace ockam::cli
