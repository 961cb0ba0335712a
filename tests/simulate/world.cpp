// SPDX-License-Identifier: Apache-2.0
#include "simulate/world.hpp"

#include "services/services.hpp"
#include "simulate/determinism.hpp"

#include <algorithm>
#include <stdexcept>

namespace ockam::simulate {

namespace {

/// A hop that was started by name, so that peers may use it.
const address hop{"h"};

std::string own_listener(std::size_t node) { return "127.0.0.1:" + std::to_string(4000 + 100 * node); }

} // namespace

void world::timekeeper::advance(sim::clock::duration) {
  time_is(net_.now());
  journal_.time_is(net_.now());
}

world::world(dice& random, journal& j) : time_{net_, j}, journal_{j}, flows_{j} {
  configure(random);
  // Those that are connected to first.
  for (std::size_t i = nodes_.size(); i-- > 0;)
    nodes_[i].what = std::make_unique<sim::node>(net_, nodes_[i].config, standard_services());
  net_.advance(std::chrono::seconds{3}); // those that were tried too early, again
  for (auto& n : nodes_)
    if (!n.what->failures().empty())
      throw std::logic_error{n.what->failures().front().section + ": " + n.what->failures().front().why.cause};
  if (random.one_in(2))
    net_.disturb(random.seed());
}

world::~world() {
  net_.observe(nullptr);
  clients_.clear();
}

listener_config world::listener(const std::string& transport, const std::string& name, std::uint16_t port) {
  listener_config l;
  l.name = name;
  l.transport = transport;
  l.address = (transport == "ws" ? "ws://127.0.0.1:" : "127.0.0.1:") + std::to_string(port);
  l.allow = {"services"};
  return l;
}

void world::configure(dice& random) {
  constexpr std::array<std::size_t, 5> budgets{48u << 10, 160u << 10, 512u << 10, limits{}.link_budget, limits{}.link_budget};
  limits_.link_budget = random.one_of(budgets);
  limits_.node_budget = limits_.link_budget * random.between(2, 12);
  limits_.watchdog = std::chrono::hours{1}; // it looks at real time
  nodes_.resize(random.between(2, 4));
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto& c = nodes_[i].config;
    c.name = "n" + std::to_string(i + 1);
    c.limit = limits_;
    c.services = {{"h", "hop", {}}};
    c.listeners = {listener("tcp", "own", static_cast<std::uint16_t>(4000 + 100 * i))};
  }
  constexpr std::array<const char*, 8> kinds{"tcp", "tcp", "tcp", "ws", "ws", "caf", "udp", "tcp"};
  for (std::size_t i = 0; i + 1 < nodes_.size(); ++i)
    for (bool back : {false, true}) {
      crossing x;
      x.from = back ? i + 1 : i;
      x.to = back ? i : i + 1;
      x.transport = random.one_of(kinds);
      x.alias = "to-n" + std::to_string(x.to + 1);
      auto port = static_cast<std::uint16_t>(4000 + 100 * x.to + 1 + (back ? 1 : 0));
      x.listener = "127.0.0.1:" + std::to_string(port);
      auto l = listener(x.transport, "from-n" + std::to_string(x.from + 1), port);
      connection_config c;
      c.name = x.alias;
      c.transport = x.transport;
      c.address = l.address;
      nodes_[x.to].config.listeners.push_back(std::move(l));
      nodes_[x.from].config.connections.push_back(std::move(c));
      crossings_.push_back(std::move(x));
    }
  journal_.event(std::to_string(nodes_.size()) + " nodes, link-budget " + std::to_string(limits_.link_budget) + ", node-budget "
                 + std::to_string(limits_.node_budget));
  for (const auto& x : crossings_)
    journal_.event("n" + std::to_string(x.from + 1) + " has " + x.alias + " over " + x.transport);
}

client_end& world::add_client(std::size_t node, const std::string& name, role part) {
  return *clients_.emplace_back(
    std::make_unique<client_end>(net_, this->node(node), node, name, part, own_listener(node), flows_));
}

worker_end& world::add_worker(std::size_t node, const std::string& name, worker_thread thread) {
  return *workers_.emplace_back(std::make_unique<worker_end>(this->node(node), node, name, thread, flows_));
}

// -- routes --------------------------------------------------------------------------------------------

std::size_t world::crossing_of(std::size_t from, std::size_t to) const {
  auto it = std::find_if(crossings_.begin(), crossings_.end(), [&](auto& x) { return x.from == from && x.to == to; });
  return static_cast<std::size_t>(it - crossings_.begin());
}

std::vector<std::size_t> world::crossings_between(std::size_t from, std::size_t to) const {
  std::vector<std::size_t> out;
  for (auto at = from; at != to;) {
    auto next = at < to ? at + 1 : at - 1;
    out.push_back(crossing_of(at, next));
    at = next;
  }
  return out;
}

route world::way(const end& from, std::size_t at, const route& rest) const {
  if (rest.empty())
    return {};
  route out;
  bool by_link = from.is_client();
  for (auto i : crossings_between(from.node(), at)) {
    if (by_link)
      out.push_back(hop);
    out.push_back(address{crossings_[i].alias});
    by_link = true;
  }
  // A link as a destination is for local senders, such as a hop.
  if (by_link && rest.size() > 1)
    out.push_back(hop);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

route world::round_trips(const end& from, std::size_t which, std::size_t times, const route& rest) {
  const auto& x = crossings_[which];
  auto come_from = net_.connected_from(x.listener);
  address back;
  for (const auto& l : node(x.to).over(x.transport).links())
    if (!l.outgoing && l.socket_address == come_from)
      back = address{l.worker_address};
  if (back.name.empty() || rest.empty())
    return {};
  route out;
  bool by_link = from.is_client();
  for (std::size_t i = 0; i < times; ++i) {
    if (by_link)
      out.push_back(hop);
    out.push_back(i % 2 == 0 ? address{x.alias} : back);
    by_link = true;
  }
  // Back at home by its own connection, where only a hop is let in.
  if (rest.size() > 1 || times % 2 == 0)
    out.push_back(hop);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

// -- what happens to nodes -----------------------------------------------------------------------------

void world::cut(std::size_t which) {
  net_.cut(crossings_[which].listener);
}

void world::close_by_node(std::size_t which) {
  const auto& x = crossings_[which];
  auto& t = node(x.from).over(x.transport);
  for (const auto& l : t.links())
    if (l.worker_address == x.alias)
      (void)t.close_link(l.link_address);
}

void world::reload(std::size_t i) {
  auto& n = nodes_[i];
  if (auto failures = n.what->reload(n.config); !failures.empty())
    throw std::logic_error{failures.front().section + ": " + failures.front().why.cause};
}

void world::remove_connection(std::size_t which, bool yes) {
  auto& x = crossings_[which];
  auto& all = nodes_[x.from].config.connections;
  if (yes) {
    std::erase_if(all, [&](auto& c) { return c.name == x.alias; });
  } else {
    connection_config c;
    c.name = x.alias;
    c.transport = x.transport;
    c.address = (x.transport == "ws" ? "ws://" : "") + x.listener;
    all.push_back(std::move(c));
  }
  x.removed = yes;
  reload(x.from);
}

void world::toggle_service(std::size_t i) {
  auto& all = nodes_[i].config.services;
  if (std::erase_if(all, [](auto& s) { return s.name == "spare"; }) == 0)
    all.push_back({"spare", "uppercase", {}});
  reload(i);
}

void world::toggle_listener(std::size_t i) {
  auto& all = nodes_[i].config.listeners;
  if (std::erase_if(all, [](auto& l) { return l.name == "spare"; }) == 0)
    all.push_back(listener("tcp", "spare", static_cast<std::uint16_t>(4000 + 100 * i + 99)));
  reload(i);
}

// -- what can be seen ----------------------------------------------------------------------------------

std::uint64_t world::dropped(drop_reason why) {
  std::uint64_t n = 0;
  for (auto& m : nodes_)
    n += m.what->board().dropped()[why];
  return n;
}

std::uint64_t world::dropped() {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < drop_reason_count; ++i)
    n += dropped(static_cast<drop_reason>(i));
  for (auto& m : nodes_)
    n += m.what->lost();
  return n;
}

std::vector<std::string> world::state() {
  std::vector<std::string> out;
  for (auto& m : nodes_) {
    auto& n = *m.what;
    out.push_back(m.config.name + ": " + std::to_string(n.budget().used()) + " bytes charged");
    auto streams = n.reactor().unread_streams();
    for (auto& t : n.parts().transports)
      for (const auto& l : t->links()) {
        auto line = "  " + l.transport + " " + l.socket_address + " " + l.state + ", in " + std::to_string(l.messages_in) + ", out "
                    + std::to_string(l.messages_out) + ", charged " + std::to_string(l.pending_bytes) + ", to write "
                    + std::to_string(l.queued_bytes) + ", dropped " + std::to_string(l.dropped.total()) + ", pauses " + std::to_string(l.pauses);
        for (const auto& s : streams)
          if (s.peer == l.socket_address)
            line += ", " + std::to_string(s.bytes) + " bytes wait" + (s.wanted ? "" : ", paused");
        out.push_back(std::move(line));
      }
  }
  return out;
}

bool world::at_rest() {
  for (auto& m : nodes_)
    if (m.what->budget().used() != 0 || m.what->board().queued() != 0 || !m.what->reactor().unread_streams().empty())
      return false;
  return std::all_of(clients_.begin(), clients_.end(), [](auto& c) { return c->quiet(); });
}

} // namespace ockam::simulate
