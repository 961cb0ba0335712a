// SPDX-License-Identifier: Apache-2.0
#include "runtime/control/render.hpp"

namespace ockam {

namespace {

template <class List>
void render_counts(List& out, const node_snapshot::counts& in) {
  for (const auto& [name, value] : in) {
    auto* c = out.Add();
    c->set_name(std::string{name});
    c->set_value(value);
  }
}

} // namespace

void render(control::NodeInfo& out, const node_snapshot& in) {
  out.set_name(in.name);
  out.set_version(std::string{in.version});
  out.set_pid(in.pid);
  out.set_http_address(in.http_address);
  out.set_uptime_ms(static_cast<std::uint64_t>(in.uptime.count()));
  for (const auto& l : in.listeners)
    render(*out.add_listeners(), l);
  for (const auto& s : in.services)
    render(*out.add_services(), s);
  for (const auto& [kind, i] : in.items)
    render(*out.add_items(), kind, i);
  out.set_workers(in.workers);
  out.set_connections(in.connections);
  out.set_max_connections(in.max_connections);
  out.set_memory_used(in.memory_used);
  out.set_memory_limit(in.memory_limit);
  out.set_messages(in.messages);
  render_counts(*out.mutable_dropped(), in.dropped);
  render_counts(*out.mutable_refused(), in.refused);
  if (in.spans)
    render_counts(*out.mutable_spans(), spans_by_name(*in.spans));
  for (const auto& w : in.overdue) {
    auto* o = out.add_overdue();
    o->set_address(w.address);
    o->set_thread(std::string{to_string(w.thread)});
    o->set_busy_ms(static_cast<std::uint64_t>(w.busy.count()));
  }
}

void render(control::Item& out, std::string_view kind, const item_info& in) {
  out.set_kind(std::string{kind});
  out.set_name(in.name);
  for (const auto& [name, value] : in.fields) {
    auto* f = out.add_fields();
    f->set_name(name);
    f->set_value(value);
  }
}

void render(control::ServiceInfo& out, const service_info& in) {
  out.set_address(in.address);
  out.set_type(in.type);
  out.set_reachable(in.reachable);
}

void render(control::ListenerInfo& out, const listener_info& in) {
  out.set_transport(in.transport);
  out.set_socket_address(in.socket_address);
  out.set_address(in.address);
  out.set_flow_control_id(in.flow_control_id);
  out.set_accepted(in.accepted);
  out.set_refused(in.refused);
  out.set_connections(static_cast<std::uint32_t>(in.connections));
}

void render(control::ConnectionInfo& out, const link_info& in) {
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
  out.set_dropped(in.dropped.total());
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

std::string thread_text(worker_thread where, const worker_kin& k) {
  switch (k.runs) {
    case actor_runs::detached: return "detached";
    case actor_runs::on_sockets: return "socket";
    case actor_runs::on_scheduler: return "scheduler";
    case actor_runs::with_worker: break;
  }
  return std::string{to_string(where)};
}

void render(control::WorkerDetails& out, const worker_info& in) {
  auto ns = [](std::chrono::nanoseconds d) { return static_cast<std::uint64_t>(d.count()); };
  out.set_address(in.address);
  out.set_type(in.type);
  out.set_thread(thread_text(in.thread, in.kin));
  out.set_instances(in.instances);
  out.set_restart(std::string{to_string(in.restart)});
  out.set_state(in.starting ? "starting" : "running");
  out.set_messages_in(in.messages_in);
  out.set_messages_out(in.messages_out);
  out.set_failed(in.failed);
  out.set_queued(in.queued);
  out.set_restarts(in.restarts);
  out.set_overruns(in.overruns);
  out.set_memory_used(in.memory.used);
  out.set_memory_limit(in.memory.limit);
  out.set_behavior(in.kin.behavior);
  out.set_parent(in.kin.parent);
  out.set_children(in.kin.children);
  out.set_watchers(in.kin.watchers);
  out.set_busy_ms(static_cast<std::uint64_t>(in.busy.count()));
  auto& l = *out.mutable_latency();
  l.set_measured(in.measured);
  l.set_p50(ns(in.p50));
  l.set_p90(ns(in.p90));
  l.set_p99(ns(in.p99));
  l.set_longest(ns(in.longest));
  for (const auto& [name, value] : in.counters) {
    auto* c = out.add_counters();
    c->set_name(name);
    c->set_value(value);
  }
}

void render(control::ConfigComparison& out, const config_comparison& in) {
  out.set_file(in.file);
  for (const auto& d : in.differences) {
    auto& one = *out.add_differences();
    one.set_section(d.section);
    one.set_key(d.key);
    one.set_running(d.running);
    one.set_file(d.file);
    one.set_origin(d.origin);
  }
}

void render(control::Error& out, const error& in) {
  out.set_code(static_cast<std::uint32_t>(in.code));
  out.set_cause(in.cause);
  out.set_hint(in.hint);
}

} // namespace ockam
