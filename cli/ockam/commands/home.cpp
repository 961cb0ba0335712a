// SPDX-License-Identifier: Apache-2.0
// Commands about everything below OCKAM_HOME.
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/inspect.hpp"
#include "cli/ockam/invocation.hpp"
#include "cli/ockam/stop_node.hpp"
#include "cli/ockam/views.hpp"
#include "cli/state/node_process.hpp"
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
  result<void> heard;
  for (const auto& n : *all) {
    nodes.push_back(n.data());
    text += n.page();
    if (heard)
      heard = n.heard();
  }
  // What the reference has beside nodes, so that who reads it finds the fields.
  json data{{"nodes", nodes}, {"home", in.home.root().string()}, {"ockam_version", {{"version", version}, {"hash", ""}}},
            {"orchestrator_version", {{"version", nullptr}, {"project_version", nullptr}}}};
  for (const auto* none : {"identities", "projects", "spaces"})
    data[none] = json::array();
  if (auto ok = in.out.show({std::move(data), text}); !ok)
    return ok;
  return heard;
}

/// Ends every node of the home, asked in order first, then those that are in no list.
result<json> end_all(const state::home& h) {
  auto names = json::array();
  for (const auto& name : state::node_directories(h)) {
    if (state::node_lock::held(h, name))
      if (auto ok = end_node(h, name); !ok)
        return std::move(ok).error();
    names.push_back(name);
  }
  for (const auto& p : state::node_processes(h))
    if (auto ok = end_process(p, "of this home"); !ok)
      return std::move(ok).error();
  return names;
}

result<void> reset(invocation& in) {
  if (auto ok = in.confirm("Delete all nodes and everything else in " + in.home.root().string() + "?"); !ok)
    return ok;
  auto guard = state::home_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto deleted = end_all(in.home);
  if (!deleted)
    return std::move(deleted).error();
  in.close_database();
  std::error_code failed;
  const auto database = in.home.database().string();
  for (const auto& p : std::array{in.home.nodes(), in.home.foreground_nodes(), in.home.script_history(), fs::path{database},
                                  fs::path{database + "-journal"}, fs::path{database + "-wal"}, fs::path{database + "-shm"}})
    if (fs::remove_all(p, failed); failed)
      return system_error("cannot delete " + p.string(), failed.value());
  (void)in.database(); // an empty one, as the reference leaves it; where there is no room for it, nothing is missing
  auto text = done_line("Local Ockam configuration deleted");
  return in.out.show({{{"home", in.home.root().string()}, {"nodes", *deleted}}, text, text});
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
