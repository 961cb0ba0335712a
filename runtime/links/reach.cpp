// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/reach.hpp"

#include "runtime/workers/watch_server.hpp"

#include <algorithm>

namespace ockam {

namespace {

/// Takes `flow` out; whether it was there.
bool take(std::vector<std::uint32_t>& flows, std::uint32_t flow) {
  return std::erase(flows, flow) > 0;
}

/// `flows`: what is left of a worker's flow control ids.
void add_connections(std::vector<std::string>& to, const live_parts& n, const std::vector<std::uint32_t>& flows) {
  if (flows.empty())
    return;
  for (const auto& t : n.transports)
    for (const auto& l : n.connections.links(*t)) {
      auto id = n.node.board.flows().find(l.flow_control_id);
      if (id && std::find(flows.begin(), flows.end(), *id) != flows.end())
        to.push_back("the peer of the " + l.transport + " connection with " + l.socket_address);
    }
}

std::vector<std::string> rule_of(const worker_entry& e, const live_parts& n) {
  std::vector<std::string> out;
  if (!e.access || !e.access->from)
    return out;
  const auto& from = *e.access->from;
  if (from.local)
    out.emplace_back("local");
  for (auto flow : from.flows)
    out.emplace_back(n.node.board.flows().text(flow));
  out.insert(out.end(), from.identities.begin(), from.identities.end());
  if (out.empty())
    out.emplace_back("nobody");
  return out;
}

std::vector<std::string> targets_of(const worker_entry& e) {
  std::vector<std::string> out;
  if (!e.access || !e.access->onward)
    return out;
  if (e.access->onward->local)
    out.emplace_back("local");
  for (const auto& a : e.access->onward->to)
    out.push_back(printable(a.name));
  if (out.empty())
    out.emplace_back("nowhere");
  return out;
}

} // namespace

reach reach_of(const live_parts& n, const worker_entry& e) {
  reach out;
  out.by.emplace_back("workers of this node");
  auto flows = e.consumer_of;
  bool as_service = take(flows, n.node.flows.services);
  bool by_connections = take(flows, n.node.flows.outgoing);
  for (const auto& t : n.transports)
    for (const auto& l : t->listeners())
      if (bool own = take(flows, l.flow); own || (as_service && l.services))
        out.by.push_back("peers of the " + l.transport + " listener" + (l.name.empty() ? "" : " " + printable(l.name)) + " at "
                         + l.socket_address + (own ? "" : " (services)"));
  if (by_connections)
    out.by.emplace_back("peers of all connections that this node makes");
  add_connections(out.by, n, flows);
  if (const auto* watches = n.node.board.find(address{std::string{watch_address}}); watches && watches->target == e.target)
    out.by.emplace_back("peers that may reach any other worker");
  out.takes_from = rule_of(e, n);
  out.sends_to = targets_of(e);
  const auto& types = n.services.types();
  auto type = std::find_if(types.begin(), types.end(), [&](auto& t) { return t.name == e.type; });
  out.opens_node = out.by.size() > 1 && type != types.end() && type->through_connections;
  return out;
}

} // namespace ockam
