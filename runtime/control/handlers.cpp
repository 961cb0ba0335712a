// SPDX-License-Identifier: Apache-2.0
#include "runtime/control/handlers.hpp"

#include "runtime/core/multiaddr.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/core/log.hpp"
#include "runtime/core/version.hpp"

#include <algorithm>
#include <unistd.h>

namespace ockam {

namespace {

constexpr std::chrono::milliseconds default_timeout{10'000};
constexpr std::uint32_t workers_per_page = 10'000;

/// `x`, `0#x`, `/worker/x` and `/service/x` are the same address for who types it.
address as_address(std::string_view text) {
  for (std::string_view prefix : {"/worker/", "/service/", "0#"})
    if (text.starts_with(prefix))
      return address{std::string{text.substr(prefix.size())}};
  return address{std::string{text}};
}

bool is_service(const node_services& n, std::string_view type) {
  return std::any_of(n.service_types.begin(), n.service_types.end(), [&](auto& t) { return t.name == type; });
}

void fill_services(const node_services& n, google::protobuf::RepeatedPtrField<control::ServiceInfo>& out) {
  n.workers.board().each([&](const address& a, const worker_entry& e) {
    if (!is_service(n, e.type))
      return;
    auto* s = out.Add();
    s->set_address(a.name);
    s->set_type(std::string{e.type});
    s->set_reachable(is_reachable(n, e));
  });
  std::sort(out.pointer_begin(), out.pointer_end(),
            [](const auto* l, const auto* r) { return l->address() < r->address(); });
}

} // namespace

bool is_reachable(const node_services& n, const worker_entry& e) {
  return std::find(e.consumer_of.begin(), e.consumer_of.end(), n.flows.services) != e.consumer_of.end();
}

void fill(control::ListenerInfo& out, const listener_info& in) {
  out.set_transport(in.transport);
  out.set_socket_address(in.socket_address);
  out.set_address(in.address);
  out.set_flow_control_id(in.flow_control_id);
  out.set_accepted(in.accepted);
  out.set_refused(in.refused);
  out.set_connections(static_cast<std::uint32_t>(in.connections));
}

void fill(control::ConnectionInfo& out, const link_info& in) {
  out.set_transport(in.transport);
  out.set_mode(in.outgoing ? "Outgoing" : "Incoming");
  out.set_socket_address(in.socket_address);
  out.set_worker_address(in.worker_address);
  out.set_flow_control_id(in.flow_control_id);
  out.set_state(in.state);
  out.set_messages_in(in.messages_in);
  out.set_messages_out(in.messages_out);
  out.set_bytes_in(in.bytes_in);
  out.set_bytes_out(in.bytes_out);
  out.set_pending_bytes(in.pending_bytes);
  out.set_queued_bytes(in.queued_bytes);
  out.set_dropped(in.dropped);
  out.set_pauses(in.pauses);
  out.set_peer(in.peer);
  out.set_identity(in.identity);
  out.set_peers(static_cast<std::uint32_t>(in.peers));
  out.set_refusals(in.refusals);
  out.set_lasting(in.lasting);
  out.set_attempts(in.attempts);
  out.set_reconnects(in.reconnects);
  out.set_last_error(in.last_error);
  out.set_next_retry_ms(static_cast<std::uint64_t>(in.next_retry.count()));
  out.set_since_ms(static_cast<std::uint64_t>(in.since.count()));
}

void fill(control::WorkerDetails& out, const worker_info& in) {
  auto ns = [](std::chrono::nanoseconds d) { return static_cast<std::uint64_t>(d.count()); };
  out.set_address(printable(in.address));
  out.set_type(in.type);
  out.set_thread(std::string{to_string(in.thread)});
  out.set_instances(in.instances);
  out.set_restart(std::string{to_string(in.restart)});
  out.set_state(in.starting ? "starting" : "running");
  out.set_messages_in(in.messages_in);
  out.set_messages_out(in.messages_out);
  out.set_failed(in.failed);
  out.set_queued(in.queued);
  out.set_restarts(in.restarts);
  out.set_overruns(in.overruns);
  out.set_busy_ms(static_cast<std::uint64_t>(in.busy.count()));
  auto& l = *out.mutable_latency();
  l.set_measured(in.measured);
  l.set_p50(ns(in.p50));
  l.set_p90(ns(in.p90));
  l.set_p99(ns(in.p99));
  l.set_longest(ns(in.longest));
  for (const auto& [name, value] : in.counters) {
    auto* c = out.add_counters();
    c->set_name(printable(name));
    c->set_value(value);
  }
}

void fill(control::Error& out, const error& in) {
  out.set_code(static_cast<std::uint32_t>(in.code));
  out.set_cause(in.cause);
  out.set_hint(in.hint);
}

result<transport*> find_transport(node_services& n, std::string_view name) {
  std::string names;
  for (auto& t : n.transports) {
    if (t->name() == name)
      return t.get();
    names += (names.empty() ? "" : ", ") + std::string{t->name()};
  }
  return error{errc::not_found, "there is no transport named " + printable(name), "transports of this node: " + names};
}

// -- answers -----------------------------------------------------------------------------------------

void control_handlers::answer(requester to, control::Response r) {
  r.set_id(to.request);
  out_.respond(to.session, r);
}

void control_handlers::answer(requester to, const error& e) {
  control::Response r;
  fill(*r.mutable_error(), e);
  answer(to, std::move(r));
}

void control_handlers::done(requester to) {
  control::Response r;
  r.mutable_done();
  answer(to, std::move(r));
}

void control_handlers::answer(requester to, const result<void>& r) {
  if (r)
    done(to);
  else
    answer(to, r.error());
}

// -- requests ----------------------------------------------------------------------------------------

void control_handlers::handle(std::uint64_t session, control::Request r) {
  requester from{session, r.id()};
  auto timeout = r.timeout_ms() == 0 ? default_timeout : std::chrono::milliseconds{r.timeout_ms()};
  switch (r.body_case()) {
    case control::Request::kShowNode: return show_node(from);
    case control::Request::kStopNode:
      done(from);
      return node_.request_stop();
    case control::Request::kSendMessage: return send_message(from, std::move(*r.mutable_send_message()), timeout);
    case control::Request::kTraceRoute: return trace_route(from, r.trace_route(), timeout);
    case control::Request::kStartService: return start_service_request(from, r.start_service());
    case control::Request::kStopService: return stop_service(from, r.stop_service());
    case control::Request::kListServices: return list_services(from);
    case control::Request::kListWorkers: return list_workers(from, r.list_workers());
    case control::Request::kShowWorker: return show_worker(from, r.show_worker());
    case control::Request::kCreateListener: return create_listener(from, r.create_listener());
    case control::Request::kListListeners: return list_listeners(from, r.list_listeners().transport());
    case control::Request::kDeleteListener:
      return delete_one(from, r.delete_listener().transport(), r.delete_listener().address(), &control_handlers::close_listener);
    case control::Request::kCreateConnection: return create_connection(from, r.create_connection(), timeout);
    case control::Request::kListConnections: return list_connections(from, r.list_connections().transport());
    case control::Request::kDeleteConnection:
      return delete_one(from, r.delete_connection().transport(), r.delete_connection().address(), &control_handlers::close_connection);
    case control::Request::kAddConsumer: return add_consumer(from, r.add_consumer());
    case control::Request::BODY_NOT_SET: break;
  }
  node_.workers.board().refused().add(refusal::bad_request);
  answer(from, error{errc::unsupported, "this node does not know that request", "is the command line newer than the node?"});
}

void control_handlers::show_node(requester from) {
  control::Response r;
  auto& out = *r.mutable_node();
  auto& board = node_.workers.board();
  out.set_name(node_.config.name);
  out.set_version(std::string{version});
  out.set_pid(static_cast<std::uint32_t>(::getpid()));
  auto up = std::chrono::steady_clock::now() - started_;
  out.set_uptime_ms(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(up).count()));
  for (auto& t : node_.transports)
    for (auto& l : t->listeners())
      fill(*out.add_listeners(), l);
  fill_services(node_, *out.mutable_services());
  out.set_workers(board.size());
  out.set_connections(node_.connections);
  out.set_memory_used(node_.budget.used());
  out.set_memory_limit(node_.budget.limit());
  out.set_messages(board.deliveries());
  auto count = [](auto& list, std::string_view name, std::uint64_t value) {
    if (value == 0)
      return;
    auto* c = list.Add();
    c->set_name(std::string{name});
    c->set_value(value);
  };
  for (std::size_t i = 1; i < drop_reason_count; ++i) {
    auto why = static_cast<drop_reason>(i);
    auto lost = why == drop_reason::worker_failed ? node_.lost() : 0;
    count(*out.mutable_dropped(), to_string(why), board.dropped()[why] + lost);
  }
  for (std::size_t i = 0; i < refusal_count; ++i) {
    auto why = static_cast<refusal>(i);
    count(*out.mutable_refused(), to_string(why), board.refused()[why]);
  }
  for (const auto& w : node_.workers.overdue()) {
    auto* o = out.add_overdue();
    o->set_address(w.address);
    o->set_thread(std::string{to_string(w.thread)});
    o->set_busy_ms(static_cast<std::uint64_t>(w.busy.count()));
  }
  out.set_max_connections(node_.config.limit.max_connections);
  answer(from, std::move(r));
}

void control_handlers::start_service_request(requester from, const control::StartService& m) {
  service_options options{service_options::values{m.options().begin(), m.options().end()}};
  start_service(node_, m.type(), m.address(), std::move(options), true, [this, from, type = m.type()](result<address> at) {
    if (!at)
      return answer(from, at.error());
    log(level::info, "control", "started service " + type + " at " + to_string(*at));
    control::Response r;
    r.mutable_service()->set_address(at->name);
    r.mutable_service()->set_type(type);
    r.mutable_service()->set_reachable(true);
    answer(from, std::move(r));
  });
}

void control_handlers::stop_service(requester from, const control::StopService& m) {
  auto at = as_address(m.address());
  auto* there = node_.workers.board().find(at);
  if (!there || !is_service(node_, there->type)) {
    std::vector<std::string> names;
    node_.workers.board().each([&](const address& a, const worker_entry& e) {
      if (is_service(node_, e.type))
        names.push_back(a.name);
    });
    auto near = nearest(at.name, names);
    return answer(from, error{errc::not_found, "there is no service at " + to_string(at),
                              near ? "did you mean " + *near + "?" : "see them with: ockam service list"});
  }
  auto ok = node_.workers.stop(at);
  if (ok)
    log(level::info, "control", "stopped service at " + to_string(at));
  answer(from, ok);
}

void control_handlers::list_services(requester from) {
  control::Response r;
  fill_services(node_, *r.mutable_services()->mutable_services());
  answer(from, std::move(r));
}

void control_handlers::list_workers(requester from, const control::ListWorkers& m) {
  auto& board = node_.workers.board();
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
    w->set_address(printable(it->first->name));
    w->set_type(std::string{it->second->type});
    w->set_thread(std::string{to_string(it->second->on_pool ? worker_thread::pool : worker_thread::socket)});
    w->set_messages_in(it->second->messages_in);
  }
  answer(from, std::move(r));
}

void control_handlers::show_worker(requester from, const control::ShowWorker& m) {
  auto at = as_address(m.address());
  auto found = node_.workers.show(at);
  if (!found) {
    std::vector<std::string> names;
    node_.workers.board().each([&](const address& a, const worker_entry& e) {
      if (a.is_local() && !e.internal)
        names.push_back(a.name);
    });
    auto near = nearest(at.name, names);
    return answer(from, error{errc::not_found, "there is no worker at " + to_string(at),
                              near ? "did you mean " + *near + "?" : "see them with: ockam worker list"});
  }
  control::Response r;
  fill(*r.mutable_worker(), *found);
  answer(from, std::move(r));
}

void control_handlers::create_listener(requester from, const control::CreateListener& m) {
  auto t = find_transport(node_, m.transport());
  if (!t)
    return answer(from, t.error());
  listen_options o;
  o.allow = {m.allow().begin(), m.allow().end()};
  o.extra = {m.options().begin(), m.options().end()};
  (*t)->listen(m.address(), std::move(o), [this, from](result<listener_info> l) {
    if (!l)
      return answer(from, l.error());
    control::Response r;
    fill(*r.mutable_listener(), *l);
    answer(from, std::move(r));
  });
}

void control_handlers::list_listeners(requester from, const std::string& transport_name) {
  auto t = find_transport(node_, transport_name);
  if (!t)
    return answer(from, t.error());
  control::Response r;
  r.mutable_listeners();
  for (auto& l : (*t)->listeners())
    fill(*r.mutable_listeners()->add_listeners(), l);
  answer(from, std::move(r));
}

void control_handlers::create_connection(requester from, const control::CreateConnection& m,
                                         std::chrono::milliseconds timeout) {
  auto t = find_transport(node_, m.transport());
  if (!t)
    return answer(from, t.error());
  auto answered = [this, from](result<link_info> l) {
    if (!l)
      return answer(from, l.error());
    control::Response r;
    fill(*r.mutable_connection(), *l);
    answer(from, std::move(r));
  };
  connection_config c;
  c.transport = m.transport();
  c.address = m.address();
  c.allow = {m.allow().begin(), m.allow().end()};
  c.options = {m.options().begin(), m.options().end()};
  if (!m.once())
    return node_.connections_made.create(c, **t, timeout, std::move(answered));
  connect_options o;
  o.allow = std::move(c.allow);
  o.timeout = timeout;
  o.extra = std::move(c.options);
  (*t)->connect(c.address, std::move(o), std::move(answered));
}

void control_handlers::list_connections(requester from, const std::string& transport_name) {
  auto t = find_transport(node_, transport_name);
  if (!t)
    return answer(from, t.error());
  control::Response r;
  r.mutable_connections();
  for (auto& l : node_.connections_made.links(**t))
    fill(*r.mutable_connections()->add_connections(), l);
  answer(from, std::move(r));
}

void control_handlers::delete_one(requester from, const std::string& transport_name, const std::string& address_text,
                                  result<void> (control_handlers::*close)(transport&, std::string_view)) {
  auto t = find_transport(node_, transport_name);
  if (!t)
    return answer(from, t.error());
  std::string_view which = address_text;
  for (std::string_view prefix : {"/worker/", "/service/"})
    if (which.starts_with(prefix))
      which.remove_prefix(prefix.size());
  answer(from, (this->*close)(**t, which));
}

result<void> control_handlers::close_listener(transport& t, std::string_view which) {
  return t.close_listener(which);
}

result<void> control_handlers::close_connection(transport& t, std::string_view which) {
  auto ended = node_.connections_made.remove(t, which);
  return ended ? ended : t.close_link(which); // one that came in, or that was not to come back
}

void control_handlers::add_consumer(requester from, const control::AddConsumer& m) {
  auto& board = node_.workers.board();
  auto flow = board.flows().find(m.flow_control_id());
  if (!flow)
    return answer(from, flow.error());
  auto worker = as_address(m.address());
  if (!board.find(worker)) // a name for later is rather a wrong one
    return answer(from, error{errc::not_found, "no worker at " + to_string(worker), "see the workers with: ockam worker list"});
  board.allow(*flow, std::move(worker));
  answer(from, result<void>{});
}

} // namespace ockam
