// SPDX-License-Identifier: Apache-2.0
#include "operation/snapshot_json.hpp"

#include "operation/items.hpp"

#include <nlohmann/json.hpp>

namespace ockam::operation {

namespace {

using json = nlohmann::ordered_json;

json of(const node_snapshot::counts& counts) {
  auto out = json::object();
  for (const auto& [why, n] : counts)
    out[std::string{why}] = n;
  return out;
}

json of(const listener_info& l) {
  const auto& c = l.carried;
  return {{"transport", l.transport}, {"name", l.name}, {"state", "up"}, {"socket_address", l.socket_address}, {"address", l.address},
          {"connections", l.connections}, {"accepted", l.accepted}, {"refused", l.refused}, {"messages_in", c.messages_in},
          {"messages_out", c.messages_out}, {"bytes_in", c.bytes_in}, {"bytes_out", c.bytes_out}, {"dropped", c.dropped.total()}};
}

json of(const late_listener_info& l) {
  return {{"transport", l.transport}, {"name", l.name}, {"state", "waiting"}, {"socket_address", l.socket_address}, {"last_error", l.last_error}};
}

json of(const link_info& l) {
  json out{{"transport", l.transport}, {"outgoing", l.outgoing}, {"peer", l.socket_address}, {"worker_address", l.worker_address},
           {"state", l.state}, {"node", l.peer}, {"identity", l.identity}, {"messages_in", l.messages_in}, {"messages_out", l.messages_out},
           {"bytes_in", l.bytes_in}, {"bytes_out", l.bytes_out}, {"pending_bytes", l.pending_bytes}, {"queued_bytes", l.queued_bytes},
           {"dropped", l.dropped.total()}, {"pauses", l.pauses}};
  if (l.lasting)
    out.update(json{{"lasting", true}, {"attempts", l.attempts}, {"reconnects", l.reconnects}, {"last_error", l.last_error},
                    {"in_state_ms", l.since.count()}, {"next_retry_ms", l.next_retry.count()}});
  return out;
}

json of(const worker_info& w) {
  auto ms = [](std::chrono::nanoseconds d) { return std::chrono::duration<double, std::milli>(d).count(); };
  return {{"address", w.address}, {"type", w.type}, {"behavior", w.kin.behavior}, {"instances", w.instances}, {"messages_in", w.messages_in},
          {"messages_out", w.messages_out}, {"failed", w.failed}, {"queued", w.queued}, {"restarts", w.restarts}, {"overruns", w.overruns},
          {"memory", w.memory.used}, {"p50_ms", ms(w.p50)}, {"p99_ms", ms(w.p99)}};
}

json of(const std::pair<std::string, item_info>& i) {
  json out{{"kind", i.first}, {"name", i.second.name}};
  for (const auto& [field, value] : i.second.fields)
    out[field] = value;
  return out;
}

template <class T>
void add_all(json& to, const std::vector<T>& what) {
  for (const auto& one : what)
    to.push_back(of(one));
}

std::string text(const json& j) {
  return j.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace

std::string show_json(const node_snapshot& s) {
  json out{{"name", s.name}, {"version", s.version}, {"pid", s.pid}, {"uptime_ms", s.uptime.count()}, {"workers", s.workers},
           {"connections", s.connections}, {"max_connections", s.max_connections}, {"memory_used", s.memory_used},
           {"memory_limit", s.memory_limit}, {"messages", s.messages}, {"dropped", of(s.dropped)}, {"refused", of(s.refused)}};
  if (s.spans)
    out["spans"] = of(spans_by_name(*s.spans));
  auto lists = {"listeners", "links", "services", "items", "overdue"};
  for (const auto* name : lists)
    out[name] = json::array();
  add_all(out["listeners"], s.listeners);
  add_all(out["listeners"], s.late);
  for (const auto& l : s.links) {
    auto one = of(l);
    if (auto name = link_name(s, l); !name.empty())
      one["name"] = name;
    out["links"].push_back(std::move(one));
  }
  add_all(out["services"], s.service_workers);
  add_all(out["items"], s.items);
  for (const auto& w : s.overdue)
    out["overdue"].push_back({{"address", w.address}, {"busy_ms", w.busy.count()}});
  return text(out);
}

std::string readiness_json(const std::vector<not_ready>& what) {
  json out{{"ready", what.empty()}, {"not_ready", json::array()}};
  for (const auto& n : what)
    out["not_ready"].push_back({{"kind", n.kind}, {"name", n.name}, {"state", n.state}, {"reason", n.reason}});
  return text(out);
}

} // namespace ockam::operation
