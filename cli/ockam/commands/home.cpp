// SPDX-License-Identifier: Apache-2.0
// Commands about everything below OCKAM_HOME.
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/inspect.hpp"
#include "cli/ockam/invocation.hpp"
#include "cli/ockam/stop_node.hpp"
#include "cli/ockam/views.hpp"
#include "runtime/core/version.hpp"

#include <array>

namespace ockam::cli {

namespace {

namespace fs = std::filesystem;

result<void> status(invocation& in) {
  auto all = inspect_all(in);
  if (!all)
    return std::move(all).error();
  auto nodes = json::array();
  std::string text = done_line("ockam " + std::string{version} + ", state in " + in.home.root().string() + "\n");
  for (const auto& n : *all) {
    nodes.push_back(n.data());
    text += n.page();
  }
  // What the reference has beside nodes, so that who reads it finds the fields.
  json data{{"nodes", nodes}, {"home", in.home.root().string()}, {"ockam_version", {{"version", version}, {"hash", ""}}},
            {"orchestrator_version", {{"version", nullptr}, {"project_version", nullptr}}}};
  for (const auto* none : {"identities", "projects", "spaces"})
    data[none] = json::array();
  return in.out.show({std::move(data), text});
}

/// Names of the directories of nodes; the database may be the very thing that is broken.
std::vector<std::string> node_directories(const state::home& h) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& place : {h.nodes(), h.foreground_nodes()})
    for (const auto& e : fs::directory_iterator{place, ignored})
      if (auto name = e.path().filename().string(); e.is_directory(ignored) && state::check_node_name(name))
        out.push_back(name);
  return out;
}

/// The row where the database can be read, else what the node itself says.
state::node_row row_of(invocation& in, const std::string& name) {
  if (auto db = in.database())
    if (auto row = (*db)->node(name); row && *row)
      return **row;
  state::node_row row{name, false, {}, {}};
  deadline soon{std::chrono::seconds{1}};
  if (auto c = control_client::connect(in.home.control_socket(name).string(), name, soon))
    row.pid = c->peer_pid();
  return row;
}

result<void> reset(invocation& in) {
  if (auto ok = in.confirm("Delete all nodes and everything else in " + in.home.root().string() + "?"); !ok)
    return ok;
  auto deleted = json::array();
  for (const auto& name : node_directories(in.home)) {
    if (state::node_lock::held(in.home, name))
      if (auto ok = end_node(in.home, row_of(in, name)); !ok)
        return ok;
    deleted.push_back(name);
  }
  in.close_database();
  std::error_code failed;
  for (const auto& p : std::array{in.home.nodes(), in.home.foreground_nodes(), in.home.script_history(), in.home.database(), fs::path{in.home.database().string() + "-wal"},
                                  fs::path{in.home.database().string() + "-shm"}})
    if (fs::remove_all(p, failed); failed)
      return system_error("cannot delete " + p.string(), failed.value());
  (void)in.database(); // an empty one, as the reference leaves it; where there is no room for it, nothing is missing
  auto text = done_line("Local Ockam configuration deleted");
  return in.out.show({{{"home", in.home.root().string()}, {"nodes", deleted}}, text, text});
}

} // namespace

std::vector<command> home_commands() {
  return {{.path = "status", .about = "Show all nodes and where state is kept", .arguments = {}, .options = {timeout_option()}, .example = "ockam status", .run = &status},
          {.path = "reset",
           .about = "Stop all nodes and delete all state",
           .arguments = {},
           .options = {{.name = "yes", .letter = 'y', .about = "Do not ask"}},
           .example = "ockam reset -y",
           .run = &reset}};
}

} // namespace ockam::cli
