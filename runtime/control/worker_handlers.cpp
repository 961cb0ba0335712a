// SPDX-License-Identifier: Apache-2.0
// Requests about workers: list, show, and who may reach them.
#include "runtime/control/handlers.hpp"
#include "runtime/control/render.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/links/reach.hpp"

#include <algorithm>

namespace ockam {

namespace {

constexpr std::uint32_t workers_per_page = 10'000;

} // namespace

void control_handlers::list_workers(requester from, const control::ListWorkers& m) {
  auto& board = parts_.node.board;
  // The page is chosen without copying the table: with 100,000 workers each page looks at each once.
  using item = std::pair<const address*, const worker_entry*>;
  std::vector<item> items;
  board.each([&](const address& a, const worker_entry& e) {
    if (a.is_local() && !e.internal && (m.after().empty() || a.name > m.after()))
      items.emplace_back(&a, &e);
  });
  auto limit = std::min<std::size_t>(m.limit() == 0 ? workers_per_page : m.limit(), workers_per_page);
  auto by_name = [](const item& l, const item& r) { return l.first->name < r.first->name; };
  auto end = items.begin() + static_cast<std::ptrdiff_t>(std::min(limit, items.size()));
  std::partial_sort(items.begin(), end, items.end(), by_name);
  control::Response r;
  auto& out = *r.mutable_workers();
  out.set_total(board.size());
  for (auto it = items.begin(); it != end; ++it) {
    auto* w = out.add_workers();
    w->set_address(it->first->name);
    w->set_type(std::string{it->second->type});
    w->set_messages_in(it->second->messages_in);
    auto memory = parts_.node.workers.memory_of(*it->second);
    w->set_memory_used(memory.used);
    w->set_memory_limit(memory.limit);
    auto kin = parts_.node.workers.kin_of(*it->second);
    w->set_thread(thread_text(it->second->on_pool ? worker_thread::pool : worker_thread::socket, kin));
    w->set_behavior(std::move(kin.behavior));
    w->set_parent(std::move(kin.parent));
    w->set_children(kin.children);
    w->set_watchers(kin.watchers);
    w->set_actor(kin.actor);
    for (auto& a : kin.actors) {
      auto* child = w->add_actors();
      child->set_id(a.id);
      child->set_parent(a.parent);
      child->set_name(std::move(a.name));
    }
    w->set_more_actors(kin.more_actors);
    w->set_service(parts_.services.has(it->second->type) && !it->second->alias);
  }
  answer(from, std::move(r));
}

void control_handlers::show_worker(requester from, const control::ShowWorker& m) {
  auto at = as_address(m.address());
  auto found = parts_.node.workers.show(at);
  if (!found) {
    std::vector<std::string> names;
    parts_.node.board.each([&](const address& a, const worker_entry& e) {
      if (a.is_local() && !e.internal)
        names.push_back(a.name);
    });
    auto near = nearest(at.name, names);
    return answer(from, error{errc::not_found, "there is no worker at " + to_string(at),
                              near ? "did you mean " + *near + "?" : "see them with: ockam worker list"});
  }
  control::Response r;
  render(*r.mutable_worker(), *found);
  auto reached = reach_of(parts_, *parts_.node.board.find(at));
  for (auto& who : reached.by)
    r.mutable_worker()->add_reached_by(who);
  for (auto& who : reached.takes_from)
    r.mutable_worker()->add_takes_from(who);
  for (auto& where : reached.sends_to)
    r.mutable_worker()->add_sends_to(where);
  r.mutable_worker()->set_opens_node(reached.opens_node);
  answer(from, std::move(r));
}

void control_handlers::add_consumer(requester from, const control::AddConsumer& m) {
  auto& board = parts_.node.board;
  auto flow = board.flows().find(m.flow_control_id());
  if (!flow)
    return answer(from, flow.error());
  auto worker = as_address(m.address());
  if (!board.find(worker)) // a name for later is rather a wrong one
    return answer(from, error{errc::not_found, "no worker at " + to_string(worker), "see the workers with: ockam worker list"});
  auto allow = [this, from, flow = *flow, worker](result<void> kept) {
    if (kept)
      parts_.node.board.allow(flow, worker);
    answer(from, kept);
  };
  if (auto [kind, handle] = section_with(*flow); !kind.empty())
    parts_.sections.allow(kind, handle, worker.name, std::move(allow));
  else // of a link that comes and goes
    allow({});
}

std::pair<std::string, std::string> control_handlers::section_with(std::uint32_t flow) const {
  const auto id = parts_.node.board.flows().text(flow);
  for (const auto& t : parts_.transports) {
    for (const auto& l : t->listeners())
      if (l.flow == flow)
        return {std::string{t->name()} + "-listener", l.address};
    for (const auto& l : parts_.connections.links(*t))
      if (l.lasting && l.flow_control_id == id)
        return {std::string{t->name()} + "-connection", as_address(l.worker_address).name};
  }
  return {};
}

} // namespace ockam
