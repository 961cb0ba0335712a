// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/sending.hpp"

#include "cli/ockam/nodes.hpp"
#include "runtime/core/address.hpp"

#include <optional>
#include <string_view>

namespace ockam::cli {

namespace {

/// `--to=ROUTE` is a word as well.
std::string_view without_option(std::string_view word) {
  auto sign = word.starts_with("--") ? word.find('=') : word.npos;
  return sign == word.npos ? word : word.substr(sign + 1);
}

/// What was typed for a value where its `-` got nothing.
std::optional<std::string> emptied_route(const invocation& in, const std::string& name) {
  for (const auto& given : in.args.list(name))
    for (const auto& w : in.emptied_words)
      if (without_option(w.became) == given)
        return std::string{without_option(w.typed)};
  return std::nullopt;
}

/// Recorded of the reference: from a node that is named, nothing in the pipe is nothing in the route.
bool may_begin_with_nothing(const invocation& in, std::string_view route) {
  return in.what.path == "message send" && in.args.has("from") && route.starts_with("-/");
}

} // namespace

result<void> refuse_empty_pipe(const invocation& in) {
  std::vector<std::string> routes;
  for (const auto& a : in.what.arguments)
    if (a.name == "ROUTE")
      routes.push_back(a.name);
  for (const auto& o : in.what.options)
    if (o.value == "ROUTE")
      routes.push_back(o.name);
  for (const auto& name : routes) {
    auto typed = emptied_route(in, name);
    if (!typed || may_begin_with_nothing(in, *typed))
      continue;
    bool is_first = typed->starts_with("-/") || typed->starts_with("/-/");
    bool has_from = in.what.path == "message send" && is_first && !in.args.has("from");
    return error{errc::invalid_route,
                 "standard input is empty: nothing says " + (is_first ? "where the route " + printable(*typed) + " begins" : "what - stands for in the route " + printable(*typed)),
                 std::string{"- in a route stands for a line from standard input"} + (has_from ? "; or name the node with --from" : "")};
  }
  return {};
}

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
  auto node = node_or_default(in, plan->from, without_default::create);
  if (!node)
    return std::move(node).error();
  in.out.detail("from node " + *node + " along " + to_string(plan->to));
  return origin{std::move(*node), to_string(plan->to)};
}

} // namespace ockam::cli
