// SPDX-License-Identifier: Apache-2.0
// Commands about everything below OCKAM_HOME.
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/backup.hpp"
#include "cli/ockam/draft.hpp"
#include "cli/ockam/inspect.hpp"
#include "cli/ockam/invocation.hpp"
#include "cli/ockam/stop_node.hpp"
#include "cli/ockam/vaults.hpp"
#include "cli/ockam/views.hpp"
#include "cli/state/node_process.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/version.hpp"

#include <array>
#include <set>

namespace ockam::cli {

namespace {

namespace fs = std::filesystem;

/// The reference says whether each is known to a service of its makers: none ever is.
result<json> identities_with_status(invocation& in) {
  auto db = in.database();
  auto all = db ? (*db)->identities() : result<std::vector<state::identity_row>>{std::move(db).error()};
  if (!all)
    return std::move(all).error();
  auto out = json::array();
  for (const auto& i : *all)
    out.push_back({{"name", i.name}, {"identifier", i.identifier}, {"is_default", i.is_default}, {"status", "NotEnrolled"}});
  return out;
}

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
  for (const auto* none : {"projects", "spaces"})
    data[none] = json::array();
  auto who = identities_with_status(in);
  if (!who)
    return std::move(who).error();
  data["identities"] = *std::move(who);
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

/// The files of vaults in the home: those of the database, if that can be read, and those that are called so. What lies
/// elsewhere was put there on purpose: it stays, and is said.
std::set<fs::path> vault_files(invocation& in) {
  std::set<fs::path> out;
  auto db = in.database();
  auto rows = db ? (*db)->vaults() : result<std::vector<state::vault_row>>{std::move(db).error()};
  if (rows)
    for (const auto& v : *rows) {
      auto below = fs::path{v.path}.lexically_relative(in.home.root());
      if (!below.empty() && *below.begin() != "..")
        for (const auto& p : files_of_vault(v.path))
          out.insert(p);
      else
        in.out.warn("The file of vault " + printable(v.name) + " is not in this home and stays: " + v.path);
    }
  std::error_code unseen;
  for (const auto& e : fs::directory_iterator{in.home.root(), unseen})
    if (e.path().filename().string().starts_with("vault-") && e.is_regular_file(unseen))
      out.insert(e.path());
  return out;
}

/// What has been there: what a restore has moved aside, and databases of before an upgrade. Keys and names are in both.
std::set<fs::path> earlier_state(const state::home& h) {
  std::set<fs::path> out;
  std::error_code unseen;
  auto database = h.database().filename().string();
  for (const auto& e : fs::directory_iterator{h.root(), unseen}) {
    auto name = e.path().filename().string();
    if (name.starts_with(moved_aside_prefix) || name.starts_with(database + "."))
      out.insert(e.path());
  }
  return out;
}

result<void> remove_files(invocation& in) {
  auto all = vault_files(in);
  all.merge(earlier_state(in.home));
  in.close_database();
  remove_stale_drafts(in.home.root());
  const auto database = in.home.database().string();
  for (const auto& p : std::array{in.home.nodes(), in.home.foreground_nodes(), in.home.script_history(), in.home.identities(), fs::path{database},
                                  fs::path{database + "-journal"}, fs::path{database + "-wal"}, fs::path{database + "-shm"}})
    all.insert(p);
  std::error_code failed;
  for (const auto& p : all)
    if (fs::remove_all(p, failed); failed)
      return state::home_error("cannot delete " + p.string(), failed.value(), p.parent_path());
  return {};
}

result<void> reset(invocation& in) {
  if (auto ok = in.confirm("Delete all nodes, all keys and everything else in " + in.home.root().string() + "?"); !ok)
    return ok;
  auto guard = state::home_guard::acquire(in.home);
  if (!guard)
    return std::move(guard).error();
  auto deleted = end_all(in.home);
  if (!deleted)
    return std::move(deleted).error();
  if (auto ok = remove_files(in); !ok)
    return ok;
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
