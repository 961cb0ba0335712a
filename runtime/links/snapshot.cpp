// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/snapshot.hpp"

#include "runtime/core/version.hpp"

#include <algorithm>
#include <unistd.h>

namespace ockam {

namespace {

node_snapshot::counts drops(const live_parts& n) {
  node_snapshot::counts out;
  for (std::size_t i = 1; i < drop_reason_count; ++i) {
    auto why = static_cast<drop_reason>(i);
    auto lost = why == drop_reason::worker_failed ? n.node.workers.lost() : 0;
    if (auto count = n.node.board.dropped()[why] + lost)
      out.emplace_back(to_string(why), count);
  }
  return out;
}

node_snapshot::counts refusals(const live_parts& n) {
  node_snapshot::counts out;
  for (std::size_t i = 0; i < refusal_count; ++i)
    if (auto why = static_cast<refusal>(i); auto count = n.node.board.refused()[why])
      out.emplace_back(to_string(why), count);
  return out;
}

} // namespace

std::vector<service_info> list_services(const live_parts& n) {
  std::vector<service_info> out;
  n.node.board.each([&](const address& a, const worker_entry& e) {
    if (n.services.has(e.type))
      out.push_back({a.name, std::string{e.type}, n.services.is_reachable(e)});
  });
  std::sort(out.begin(), out.end(), [](auto& l, auto& r) { return l.address < r.address; });
  return out;
}

namespace {

void add_links(node_snapshot& s, const live_parts& n, const transport& t, snapshot_request::which_links which) {
  using which_links = snapshot_request::which_links;
  if (which != which_links::none)
    std::ranges::move(which == which_links::all ? n.connections.links(t) : n.connections.lasting_links(t), std::back_inserter(s.links));
}

/// Whether it may be the child of another worker, whose address that of a child begins with.
bool may_be_child(const live_parts& n, std::string_view service) {
  auto dot = service.rfind('.');
  return dot != std::string_view::npos && n.node.board.find(address_view{transport_type::local, service.substr(0, dot)});
}

/// Those that somebody has named come first: children may be as many as strangers like.
void add_service_workers(node_snapshot& s, const live_parts& n, std::size_t most) {
  if (most == 0) {
    s.services_left_out = s.services.size();
    return;
  }
  std::vector<std::string_view> all, children;
  for (const auto& service : s.services)
    (may_be_child(n, service.address) ? children : all).push_back(service.address);
  all.insert(all.end(), children.begin(), children.end());
  for (auto service : all) {
    if (s.service_workers.size() == most)
      break;
    if (auto w = n.node.workers.show(address_view{transport_type::local, service}))
      s.service_workers.push_back(*std::move(w));
  }
  std::sort(s.service_workers.begin(), s.service_workers.end(), [](auto& l, auto& r) { return l.address < r.address; });
  s.services_left_out = s.services.size() - s.service_workers.size();
}

} // namespace

node_snapshot take_snapshot(const live_parts& n, snapshot_request r) {
  node_snapshot s;
  auto& board = n.node.board;
  s.name = board.node_name();
  s.version = version;
  s.http_address = n.http_address;
  s.pid = static_cast<std::uint32_t>(::getpid());
  s.uptime = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - n.since);
  for (const auto& t : n.transports) {
    std::ranges::move(t->listeners(), std::back_inserter(s.listeners));
    add_links(s, n, *t, r.links);
  }
  s.services = list_services(n);
  add_service_workers(s, n, r.most_service_workers);
  for (const auto& f : n.facilities)
    for (auto& i : f->list())
      s.items.emplace_back(f->kind(), std::move(i));
  s.workers = board.size();
  s.connections = n.transports.connections();
  s.max_connections = n.node.limits.max_connections;
  s.memory_used = n.node.memory.used();
  s.memory_limit = n.node.memory.limit();
  s.messages = board.deliveries();
  s.dropped = drops(n);
  s.refused = refusals(n);
  s.overdue = n.node.workers.overdue();
  if (const auto* t = board.spans(); t && t->is_used())
    s.spans = t->figures();
  return s;
}

} // namespace ockam
