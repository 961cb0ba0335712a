// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/nodes.hpp"

#include "cli/ockam/create_node.hpp"
#include "runtime/core/suggest.hpp"

namespace ockam::cli {

option node_option(const std::string& name, const std::string& about) {
  return {.name = name, .value = "NODE", .about = about + "; the default node if not given"};
}

result<std::string> plain_node_name(const std::string& text) {
  constexpr std::string_view prefix = "/node/";
  auto name = text.starts_with(prefix) ? text.substr(prefix.size()) : text;
  if (auto ok = state::check_node_name(name); !ok)
    return std::move(ok).error();
  return name;
}

result<std::string> node_or_default(invocation& in, const std::string& given, without_default otherwise) {
  if (!given.empty())
    return plain_node_name(given);
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  auto row = (*db)->default_node();
  if (!row)
    return std::move(row).error();
  if (*row)
    return (*row)->name;
  if (otherwise == without_default::fail)
    return error{errc::not_found, "There is no default node", "create one with: ockam node create"};
  return create_default_node(in);
}

result<state::node_row> known_node(invocation& in, const std::string& name) {
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  auto row = (*db)->node(name);
  if (!row)
    return std::move(row).error();
  if (*row)
    return std::move(**row);
  auto all = (*db)->nodes();
  if (!all)
    return std::move(all).error();
  std::vector<std::string> names;
  for (auto& r : *all)
    names.push_back(r.name);
  auto near = nearest(name, names);
  return error{errc::not_found, "There is no node with name " + name,
               near ? "did you mean " + *near + "?" : "see them with: ockam node list"};
}

result<std::vector<std::string>> named_nodes(invocation& in) {
  std::vector<std::string> out;
  for (const auto& given : in.args.list("NODE")) {
    auto name = plain_node_name(given);
    if (!name)
      return std::move(name).error();
    if (auto row = known_node(in, *name); !row)
      return std::move(row).error();
    out.push_back(*std::move(name));
  }
  return out;
}

result<control_client> open_node(invocation& in, const std::string& name) {
  auto c = control_client::connect(in.home.control_socket(name).string(), name, in.by());
  if (c || (c.error().code != errc::not_found && c.error().code != errc::closed))
    return c;
  // Nobody is there: the database knows why.
  auto row = known_node(in, name);
  if (!row)
    return std::move(row).error();
  if (std::error_code unseen; !std::filesystem::exists(in.home.node(name), unseen) && !unseen)
    return error{errc::not_found, "the directory of node " + name + " is gone: " + in.home.node(name).string(),
                 "remove what is left with: ockam node delete " + name + " -y"};
  auto restart = "start it with: ockam node start " + name;
  switch (state::status_of(in.home, *row)) {
    case state::node_status::stopped: return error{errc::unreachable, "Node " + name + " is not running", restart};
    case state::node_status::killed:
      return error{errc::unreachable, "Node " + name + " is not running: it was killed", restart};
    case state::node_status::running: break;
  }
  std::error_code own;
  auto elsewhere = std::filesystem::read_symlink(in.home.control_socket(name), own); // as its configuration says
  return error{errc::unreachable, "node " + name + " runs, but its control socket does not: " + c.error().cause + (own ? "" : "; its configuration has it at " + elsewhere.string()),
               "restart it with: ockam node stop " + name + " && ockam node start " + name};
}

result<control::Response> ask_node(invocation& in, const std::string& name, control::Request request) {
  auto c = open_node(in, name);
  if (!c)
    return std::move(c).error();
  in.out.detail("connected to the control socket of node " + name);
  return c->call(std::move(request), in.by());
}

} // namespace ockam::cli
