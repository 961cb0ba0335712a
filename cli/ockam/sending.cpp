// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/sending.hpp"

#include "cli/ockam/nodes.hpp"
#include "runtime/core/address.hpp"

#include <algorithm>

namespace ockam::cli {

result<std::string> tcp_address_of(invocation& in, const std::string& name, whether_it_runs runs) {
  if (auto ok = state::check_node_name(name); !ok)
    return std::move(ok).error();
  auto row = known_node(in, name);
  if (!row)
    return std::move(row).error();
  if (runs == whether_it_runs::has_to && state::status_of(in.home, *row) != state::node_status::running)
    return error{errc::unreachable, "Node " + name + " of the route is not running", "start it with: ockam node start " + name};
  if (row->tcp_listener_address.empty())
    return error{errc::unreachable, "node " + name + " of the route listens on no TCP address",
                 "give it one: ockam tcp-listener create 127.0.0.1:0 --at " + name};
  return row->tcp_listener_address;
}

result<std::string> resolve_route_of(invocation& in, const std::string& to, const std::string& node) {
  auto parsed = parse_multiaddr(to);
  if (!parsed)
    return std::move(parsed).error();
  auto plan = plan_route(*parsed, node, [&](const std::string& name) { return tcp_address_of(in, name, whether_it_runs::does_not_matter); });
  if (!plan)
    return std::move(plan).error();
  if (plan->to.parts.empty())
    return error{errc::invalid_route, "the route names no worker", "for example /node/n2/service/outlet"};
  return to_string(plan->to);
}

result<origin> resolve_route(invocation& in, const std::string& to, const std::string& from) {
  auto parsed = parse_multiaddr(to);
  if (!parsed)
    return std::move(parsed).error();
  std::string sender;
  if (!from.empty()) {
    auto name = plain_node_name(from);
    if (!name)
      return std::move(name).error();
    sender = std::move(*name);
  }
  auto plan = plan_route(*parsed, sender, [&](const std::string& name) { return tcp_address_of(in, name, whether_it_runs::has_to); });
  if (!plan)
    return std::move(plan).error();
  if (plan->to.parts.empty()) {
    auto example = "for example " + (plan->from.empty() ? "/node/n1" : "/node/" + plan->from) + "/service/echo";
    return error{errc::invalid_route, "the route names no worker", example};
  }
  // A script whose first half printed nothing means no node, least of all the default one.
  const auto& emptied = in.emptied_words;
  if (plan->from.empty() && std::find(emptied.begin(), emptied.end(), to) != emptied.end())
    return error{errc::invalid_route, "standard input is empty: nothing says where the route " + printable(to) + " begins",
                 "- in a route stands for a line from standard input; or name the node with --from"};
  auto node = node_or_default(in, plan->from, without_default::create);
  if (!node)
    return std::move(node).error();
  in.out.detail("from node " + *node + " along " + to_string(plan->to));
  return origin{std::move(*node), to_string(plan->to)};
}

} // namespace ockam::cli
