// SPDX-License-Identifier: Apache-2.0
// Requests about services: start, stop, list.
#include "runtime/control/handlers.hpp"
#include "runtime/control/render.hpp"
#include "runtime/core/log.hpp"
#include "runtime/core/suggest.hpp"

namespace ockam {

namespace {

/// `type` is left out where the name or the key of a file says it.
config_section section_of(const control::StartService& m, const std::string& name, const service_catalog& services) {
  config_section s{"service", name, values_of<option_texts>(m.options())};
  bool by_file = false;
  for (const auto& t : services.types())
    by_file = by_file || (t.name == m.type() && !t.file_key.empty());
  if (!by_file && name != m.type())
    s.keys["type"] = m.type();
  return s;
}

} // namespace

/// What each node has is claimed by its start: it goes back to local senders.
std::function<void()> control_handlers::undo_of_start(const address& at) const {
  if (!parts_.node.board.find(at))
    return [this, at] { (void)parts_.node.workers.stop(at); };
  return [this, at] {
    if (auto* entry = parts_.node.board.find(at))
      std::erase_if(entry->consumer_of, [&](auto flow) { return flow == parts_.node.flows.services || flow == parts_.node.flows.outgoing; });
  };
}

void control_handlers::belongs(const address& at, requester to) {
  const auto* e = parts_.node.board.find(at);
  if (!e)
    return;
  of_sessions_.emplace(to.session, std::pair{at, e->host});
  if (!unanswered_.contains({to.session, to.request})) // nobody waits for it any more
    end_services_of(to.session);
}

void control_handlers::end_services_of(std::uint64_t session) {
  auto [first, last] = of_sessions_.equal_range(session);
  std::vector<std::pair<address, std::uint64_t>> theirs;
  for (auto it = first; it != last; ++it)
    theirs.push_back(std::move(it->second));
  of_sessions_.erase(first, last);
  for (const auto& [at, host] : theirs)
    if (const auto* e = parts_.node.board.find(at); e && e->host == host) // else it has ended by itself
      (void)parts_.node.workers.stop(at);
}

void control_handlers::start_service(requester from, const control::StartService& m, std::chrono::milliseconds timeout) {
  service_options options{values_of<service_options::values>(m.options())};
  // A worker on the pool starts in its own time.
  auto deadline = std::make_shared<timer_queue::id>(0);
  *deadline = parts_.node.reactor.after(timeout, [this, from, deadline, timeout, type = m.type()] {
    starting_.erase(*deadline);
    answer(from, error{errc::timed_out, "service " + printable(type) + " has not started within " + std::to_string(timeout.count()) + " ms",
                       "what it does at its start has not returned; see: ockam node show"});
  });
  starting_.insert(*deadline);
  auto undo = undo_of_start(address{m.address().empty() ? m.type() : m.address()});
  parts_.services.start(m.type(), m.address(), std::move(options), [this, from, deadline, m, undo, type = m.type()](result<address> at) {
    bool in_time = starting_.erase(*deadline) > 0;
    parts_.node.reactor.cancel(*deadline);
    if (at && m.of_session())
      belongs(*at, from);
    else if (!in_time && at) { // nobody waits for it any more; it is a part of the node all the same
      log(level::info, "control", "service " + printable(type) + " at " + to_string(*at) + " has started at last");
      parts_.sections.began(section_of(m, at->name, parts_.services), at->name, [undo](const result<void>& kept) {
        if (!kept)
          undo();
      });
    }
    if (!in_time)
      return;
    if (!at)
      return answer(from, at.error());
    log(level::info, "control", "started service " + printable(type) + " at " + to_string(*at));
    control::Response r;
    r.mutable_service()->set_address(at->name);
    r.mutable_service()->set_type(type);
    r.mutable_service()->set_reachable(true);
    if (m.of_session())
      return answer(from, std::move(r));
    keep(section_of(m, at->name, parts_.services), at->name, from, std::move(r), undo);
  });
}

void control_handlers::stop_service(requester from, const control::StopService& m) {
  auto at = as_address(m.address());
  auto* there = parts_.node.board.find(at);
  if (!there || !parts_.services.has(there->type)) {
    std::vector<std::string> names;
    parts_.node.board.each([&](const address& a, const worker_entry& e) {
      if (parts_.services.has(e.type))
        names.push_back(a.name);
    });
    auto near = nearest(at.name, names);
    return answer(from, error{errc::not_found, "there is no service at " + to_string(at),
                              near ? "did you mean " + *near + "?" : "see them with: ockam service list"});
  }
  auto ok = parts_.node.workers.stop(at);
  if (!ok)
    return answer(from, ok);
  log(level::info, "control", "stopped service at " + to_string(at));
  let_go("service", at.name, from);
}

void control_handlers::list_services(requester from) {
  control::Response r;
  auto& out = *r.mutable_services();
  for (const auto& s : ockam::list_services(parts_))
    render(*out.add_services(), s);
  answer(from, std::move(r));
}

} // namespace ockam
