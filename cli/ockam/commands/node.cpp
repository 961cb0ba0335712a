// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/columns.hpp"
#include "cli/ockam/create_node.hpp"
#include "cli/ockam/inspect.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/stop_node.hpp"

namespace ockam::cli {

namespace {

result<std::vector<state::node_row>> all_rows(invocation& in) {
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  return (*db)->nodes();
}

/// The node that was named, or the default one. Nothing when there are no nodes at all.
result<std::optional<state::node_row>> chosen(invocation& in) {
  auto given = in.args.get("NAME");
  auto rows = all_rows(in);
  if (!rows)
    return std::move(rows).error();
  if (rows->empty())
    return std::optional<state::node_row>{};
  auto name = node_or_default(in, given);
  if (!name)
    return std::move(name).error();
  auto row = known_node(in, *name);
  if (!row)
    return std::move(row).error();
  return std::optional{std::move(*row)};
}

result<void> nothing_there(invocation& in, const std::string& text) {
  return in.out.show({json::array(), "  > " + text});
}

result<void> list(invocation& in) {
  auto rows = all_rows(in);
  if (!rows)
    return std::move(rows).error();
  if (rows->empty())
    return nothing_there(in, "There are no nodes: create one with ockam node create");
  auto all = json::array();
  columns table{{"NODE", false, true}, {"STATUS"}, {"PID", true}, {"LISTENING AT"}};
  for (const auto& row : *rows) {
    auto status = state::status_of(in.home, row);
    bool runs = status == state::node_status::running && row.pid;
    json s{{"status", state::to_string(status)}};
    if (runs)
      s["pid"] = *row.pid;
    all.push_back({{"node_name", row.name}, {"is_default", row.is_default}, {"pid", runs ? json(*row.pid) : json{}}, {"status", s}});
    table.add({row.name + (row.is_default ? " (default)" : ""), std::string{state::to_string(status)},
               runs ? std::to_string(*row.pid) : "", row.tcp_listener_address});
  }
  return in.out.show({all, table.text(in.out.style().width)});
}

result<void> show(invocation& in) {
  auto row = chosen(in);
  if (!row)
    return std::move(row).error();
  if (!*row)
    return nothing_there(in, "There are no nodes to show");
  auto n = inspect(in, std::move(**row));
  if (auto ok = in.out.show({n.data(), n.page()}); !ok)
    return ok;
  return n.heard(); // what the database knows is not all that was asked for
}

result<void> start(invocation& in) {
  auto row = chosen(in);
  if (!row)
    return std::move(row).error();
  if (auto given = in.args.get("NAME"); !*row && !given.empty())
    return error{errc::not_found, "There is no node with name " + given, "create it with: ockam node create " + given};
  if (!*row)
    return error{errc::not_found, "There is no default node", "create one with: ockam node create"};
  const auto name = (*row)->name;
  if (state::node_lock::held(in.home, name)) {
    auto text = "  ✗ The node '" + name + "' is already running. If you want to restart it you can call `ockam node stop "
                + name + "` and then `ockam node start " + name + "`";
    auto n = inspect(in, **row);
    return in.out.show({n.data(), text, text});
  }
  auto started = restart_node(in, name);
  if (!started)
    return std::move(started).error();
  auto fresh = known_node(in, name);
  if (!fresh)
    return std::move(fresh).error();
  auto n = inspect(in, std::move(*fresh));
  return in.out.show({n.data(), n.page(), name + "\n" + to_text(n.data(), in.out.style().compact)});
}

result<void> stop(invocation& in) {
  auto row = chosen(in);
  if (!row)
    return std::move(row).error();
  if (!*row)
    return in.out.show({json::array(), "  > There are no nodes running", "  > There are no nodes running"});
  if (auto ok = stop_node(in, (*row)->name); !ok)
    return ok;
  auto text = done_line("The node with name " + (*row)->name + " was stopped");
  return in.out.show({{{"name", (*row)->name}, {"status", "stopped"}}, text, text});
}

result<void> remove_all(invocation& in) {
  auto rows = all_rows(in);
  if (!rows)
    return std::move(rows).error();
  if (rows->empty())
    return none_to_delete(in, "nodes");
  if (auto ok = in.confirm(rows->size() == 1 ? "Delete node " + rows->front().name + "?" : "Delete all " + std::to_string(rows->size()) + " nodes?"); !ok)
    return ok;
  auto deleted = json::array();
  std::string text, names;
  for (const auto& row : *rows) {
    auto ok = delete_node(in, row.name);
    if (!ok && ok.error().code == errc::not_found)
      continue; // somebody else has done it meanwhile
    if (!ok)
      return ok;
    deleted.push_back({{"name", row.name}});
    text += done_line("Node " + row.name + " was deleted") + "\n";
    names += row.name + "\n";
  }
  return in.out.show({deleted, text, names});
}

/// In the words of the reference, which scripts look for.
error without_the_node(error e, const std::string& name) {
  if (e.code == errc::not_found && !name.empty())
    e.cause = "The node " + name + " was not found";
  return e;
}

result<void> remove(invocation& in) {
  if (in.args.has("all"))
    return remove_all(in);
  auto row = chosen(in);
  if (!row)
    return without_the_node(std::move(row).error(), in.args.get("NAME"));
  if (!*row)
    return none_to_delete(in, "nodes");
  const auto& name = (*row)->name;
  if (auto ok = in.confirm("Delete node " + name + "?"); !ok)
    return ok;
  if (auto ok = delete_node(in, name); !ok)
    return ok;
  return in.out.show({{{"name", name}}, done_line("Node " + name + " was deleted"), name});
}

result<void> set_default(invocation& in, const std::string& given) {
  auto name = plain_node_name(given);
  if (!name)
    return std::move(name).error();
  auto row = known_node(in, *name);
  if (!row)
    return std::move(row).error();
  if (row->is_default)
    return error{errc::already_exists, "The node '" + *name + "' is already the default", {}};
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  if (auto ok = (*db)->set_default(*name); !ok)
    return ok;
  return in.out.show({{{"name", *name}}, done_line("The default node is now '" + *name + "'"), *name});
}

result<void> show_default(invocation& in) {
  if (auto given = in.args.get("NAME"); !given.empty())
    return set_default(in, given);
  auto name = node_or_default(in, {});
  if (!name)
    return std::move(name).error();
  auto text = "The default node is '" + *name + "'";
  return in.out.show({{{"name", *name}}, done_line(text), text});
}

result<void> logs(invocation& in) {
  auto name = node_or_default(in, in.args.get("NAME"));
  if (!name)
    return std::move(name).error();
  if (auto row = known_node(in, *name); !row)
    return std::move(row).error();
  auto file = in.home.log_file(*name);
  if (!file)
    return std::move(file).error();
  auto path = file->string();
  return in.out.show({{{"path", path}}, path, path});
}

} // namespace

std::vector<command> node_commands() {
  argument name{.name = "NAME", .about = "Name of the node; the default node if not given", .required = false};
  option yes{.name = "yes", .letter = 'y', .about = "Do not ask"};
  option grace{.name = "timeout", .value = "DURATION", .about = "What is under way may take this long; if not given, the stop-grace of the node", .check = &check_duration};
  option force{.name = "force", .letter = 'f', .about = "Kill it without waiting for it to end in order"};
  return {
    {.path = "node list", .about = "List all nodes and whether they run", .arguments = {}, .options = {}, .example = "ockam node list --output json", .run = &list},
    {.path = "node show", .about = "Show a node: listeners, services, counters", .arguments = {name}, .options = {timeout_option()}, .example = "ockam node show n1", .run = &show},
    {.path = "node start", .about = "Start a stopped node as its file says, with all that was made at the prompt", .arguments = {name}, .options = {timeout_option()}, .example = "ockam node start n1", .run = &start},
    {.path = "node stop", .about = "Stop a node when what is under way has finished; it can be started again", .arguments = {name}, .options = {grace, force}, .example = "ockam node stop n1", .run = &stop},
    {.path = "node delete", .about = "Stop a node and delete everything of it", .arguments = {name},
     .options = {{.name = "all", .about = "All nodes"}, yes, grace, force}, .example = "ockam node delete n1 -y", .run = &remove},
    {.path = "node default", .about = "Show or choose the default node", .arguments = {name}, .options = {}, .example = "ockam node default n1", .run = &show_default},
    {.path = "node logs", .about = "Print where the log of a node is", .arguments = {name}, .options = {}, .example = "less $(ockam node logs n1)", .run = &logs}};
}

} // namespace ockam::cli
