// SPDX-License-Identifier: Apache-2.0
#include "cli/state/state.hpp"

#include "cli/state/node_process.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/unix_path.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <sys/stat.h>

namespace ockam::state {

namespace {

result<void> make_directory(const std::filesystem::path& p) {
  std::error_code unseen; // a parent that cannot be looked at: mkdir says why
  if (auto parent = p.parent_path(); !parent.empty() && !std::filesystem::exists(parent, unseen) && !unseen)
    if (auto ok = make_directory(parent); !ok)
      return ok;
  if (::mkdir(p.c_str(), 0700) == 0 || errno == EEXIST)
    return {};
  auto e = system_error("cannot create " + p.string(), errno);
  e.hint = "OCKAM_HOME names the directory to use";
  return e;
}

} // namespace

result<home> home::from_environment() {
  if (const char* given = std::getenv("OCKAM_HOME"); given && *given)
    return home{std::filesystem::path{given}};
  if (const char* user = std::getenv("HOME"); user && *user)
    return home{std::filesystem::path{user} / ".ockam"};
  return error{errc::invalid_argument, "neither OCKAM_HOME nor HOME is set", "set OCKAM_HOME to a directory for nodes and state"};
}

result<void> home::create() const {
  return make_directory(root_);
}

result<void> home::create_nodes_dir() const {
  return make_directory(nodes());
}

result<void> home::create_node_dir(std::string_view name) const {
  if (auto path = parse_unix_path(control_socket(name).string()); !path)
    return error{errc::invalid_argument, "the home of the nodes is too deep: " + path.error().cause, "set OCKAM_HOME to a shorter path"};
  if (auto ok = create_nodes_dir(); !ok)
    return ok;
  return make_directory(node(name));
}

result<void> check_node_name(std::string_view name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), allowed))
    return error{errc::invalid_argument, "\"" + printable(name) + "\" is not a node name",
                 "1 to 64 letters, digits, - and _"};
  return {};
}

std::vector<std::string> node_directories(const home& h) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& e : std::filesystem::directory_iterator{h.nodes(), ignored})
    if (auto name = e.path().filename().string(); e.is_directory(ignored) && check_node_name(name))
      out.push_back(name);
  std::sort(out.begin(), out.end());
  return out;
}

std::string_view to_string(node_status s) {
  return s == node_status::running ? "running" : s == node_status::stopped ? "stopped" : "killed";
}

node_status status_of(const home& h, const node_row& row) {
  if (node_lock::held(h, row.name) || (row.pid && process_of(h, row.name)))
    return node_status::running;
  return row.pid ? node_status::killed : node_status::stopped;
}

} // namespace ockam::state
