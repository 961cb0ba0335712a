// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/views.hpp"

#include "channels/keys.hpp"
#include "cli/ockam/channel_views.hpp"
#include "cli/ockam/portal_views.hpp"
#include "portals/keys.hpp"
#include "relays/keys.hpp"
#include "relays/relay_protocol.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/multiaddr.hpp"
#include "runtime/core/units.hpp"
#include "runtime/core/ws_address.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace ockam::cli {

namespace {

/// A line of a page; nothing where there is no value.
std::string field(const std::string& name, const std::string& value) {
  return value.empty() ? value : "      " + name + ": " + value + "\n";
}

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

/// Nothing for 0, which most have.
std::string some(std::uint64_t n) {
  return n > 0 ? number(n) : "";
}

json counters(const google::protobuf::RepeatedPtrField<control::Counter>& list) {
  auto out = json::object();
  for (const auto& c : list)
    out[c.name()] = c.value();
  return out;
}

/// What it has of the node's memory, and may have; null: it has no budget of its own.
template <class Worker>
json memory_of(const Worker& w) {
  return w.memory_limit() == 0 ? json{} : json{{"used", w.memory_used()}, {"limit", w.memory_limit()}};
}

/// What is behind its type, who has started it, and how many it has started. Null: nothing, nobody.
template <class Worker>
json kin_of(const Worker& w) {
  return {{"behavior", w.behavior().empty() ? json{} : json(w.behavior())}, {"parent", w.parent().empty() ? json{} : json(w.parent())},
          {"children", w.children()}, {"monitors", w.watchers()}};
}

std::string counter_text(const google::protobuf::RepeatedPtrField<control::Counter>& list) {
  std::string out;
  for (const auto& c : list)
    if (c.value() > 0)
      out += (out.empty() ? "" : ", ") + c.name() + " " + number(c.value());
  return out.empty() ? "none" : out;
}

/// `740 ns`, `12 us`, `3.4 ms`, `1.2 s`: as exact as the node's buckets.
std::string time_text(std::uint64_t ns) {
  constexpr std::array<std::pair<double, const char*>, 3> units{{{1e9, " s"}, {1e6, " ms"}, {1e3, " us"}}};
  for (auto [size, name] : units)
    if (auto n = static_cast<double>(ns) / size; n >= 1) {
      std::array<char, 32> text{};
      std::snprintf(text.data(), text.size(), n < 10 ? "%.1f%s" : "%.0f%s", n, name);
      return text.data();
    }
  return number(ns) + " ns";
}

} // namespace

std::string uptime_text(std::uint64_t ms) {
  auto s = ms / 1000;
  if (s >= 86400)
    return number(s / 86400) + "d " + number(s % 86400 / 3600) + "h";
  if (s >= 3600)
    return number(s / 3600) + "h " + number(s % 3600 / 60) + "m";
  return s >= 60 ? number(s / 60) + "m " + number(s % 60) + "s" : number(s) + "s";
}

google::protobuf::RepeatedPtrField<control::ServiceInfo> listed(const google::protobuf::RepeatedPtrField<control::ServiceInfo>& all) {
  google::protobuf::RepeatedPtrField<control::ServiceInfo> out;
  for (const auto& s : all)
    if (s.type() != relay_service_address && s.type() != relay_service_alias)
      *out.Add() = s;
  return out;
}

const transport_descriptor& family_of(std::string_view transport) {
  const auto& all = transport_descriptors;
  auto it = std::find_if(all.begin(), all.end(), [&](auto& t) { return t.name == transport; });
  return it == all.end() ? all.front() : *it;
}

std::string route_to(std::string_view transport, const std::string& socket_address) {
  using proto = multiaddr_protocol;
  const auto& family = family_of(transport);
  if (family.is_path())
    return to_string(multiaddr{{{proto::unix_socket, socket_address}}});
  auto a = parse_ws_address(socket_address); // of the others as well: host and port
  if (!a || a->target != "/")
    return {};
  bool ws = family.name == "ws";
  auto end = "/" + std::string{ws ? "tcp" : family.name} + "/" + std::to_string(a->at.port) + (!ws ? "" : a->tls ? "/wss" : "/ws");
  const auto& host = a->at.host;
  if (host == "127.0.0.1" || host == "0.0.0.0")
    return "/dnsaddr/localhost" + end;
  if (host.find(':') == std::string::npos)
    return "/ip4/" + host + end;
  return "/ip6/" + (host == "::" ? "::1" : host) + end; // localhost need not be ::1 as well
}

json view(const control::ServiceInfo& s) {
  return {{"addr", s.address()}, {"type", s.type()}, {"reachable", s.reachable()}};
}

json view(const control::WorkerInfo& w) {
  json j{{"addr", w.address()}, {"type", w.type()}, {"thread", w.thread()}, {"messages_in", w.messages_in()},
         {"memory", memory_of(w)}};
  j.update(kin_of(w));
  return j;
}

json view(const control::WorkerDetails& w) {
  const auto& l = w.latency();
  json j{{"addr", w.address()}, {"type", w.type()}, {"thread", w.thread()}, {"state", w.state()},
          {"instances", w.instances()}, {"restart", w.restart()}, {"restarts", w.restarts()},
          {"messages_in", w.messages_in()}, {"messages_out", w.messages_out()}, {"failed", w.failed()},
          {"queued", w.queued()}, {"overruns", w.overruns()}, {"busy_ms", w.busy_ms()},
          {"memory", memory_of(w)},
          {"latency_ns", {{"measured", l.measured()}, {"p50", l.p50()}, {"p90", l.p90()}, {"p99", l.p99()}, {"longest", l.longest()}}},
          {"counters", counters(w.counters())},
          {"reached_by", std::vector<std::string>(w.reached_by().begin(), w.reached_by().end())},
          {"takes_from", std::vector<std::string>(w.takes_from().begin(), w.takes_from().end())},
          {"sends_to", std::vector<std::string>(w.sends_to().begin(), w.sends_to().end())},
          {"opens_node", w.opens_node()}};
  j.update(kin_of(w));
  return j;
}

json view(const control::ListenerInfo& l) {
  return {{"type", family_of(l.transport()).type}, {"mode", "Listen"}, {"socket_addr", l.socket_address()},
          {"processor_address", l.address()}, {"worker_addr", "<none>"}, {"flow_control_id", l.flow_control_id()},
          {"accepted", l.accepted()}, {"refused", l.refused()}, {"connections", l.connections()},
          {"route", route_to(l.transport(), l.socket_address())}};
}

json view(const control::ConnectionInfo& c) {
  // In the reference a worker of its own reads from the connection, and has an address; here one does both.
  json j{{"type", family_of(c.transport()).type}, {"mode", c.mode()}, {"socket_addr", c.socket_address()},
         {"worker_addr", "0#" + c.worker_address()}, {"processor_address", ""},
         {"flow_control_id", c.flow_control_id()}, {"route", "/worker/" + c.worker_address()}, {"state", c.state()},
         {"messages_in", c.messages_in()}, {"messages_out", c.messages_out()}, {"bytes_in", c.bytes_in()},
         {"bytes_out", c.bytes_out()}, {"pending_bytes", c.pending_bytes()}, {"queued_bytes", c.queued_bytes()},
         {"dropped", c.dropped()}, {"pauses", c.pauses()}};
  if (!c.peer().empty())
    j["peer"] = c.peer();
  if (!c.identity().empty())
    j["identity"] = c.identity();
  j["since_ms"] = c.since_ms();
  j["reconnects_by_itself"] = c.lasting();
  if (c.lasting()) {
    j["attempts"] = c.attempts();
    j["reconnects"] = c.reconnects();
    j["last_error"] = c.last_error().empty() ? json{} : json(c.last_error());
    j["next_retry_ms"] = c.state() == "waiting" ? json(c.next_retry_ms()) : json{};
  }
  if (c.transport() == "udp") {
    j["peers"] = c.peers();
    j["refusals"] = c.refusals();
  }
  return j;
}

json view(const state::node_row& row, state::node_status status, const control::NodeInfo* info) {
  auto verbose = route_to("tcp", row.tcp_listener_address);
  json j{{"name", row.name},
         {"is_default", row.is_default},
         {"status", state::to_string(status)},
         {"route", {{"short", "/node/" + row.name}, {"verbose", verbose.empty() ? json{} : json(verbose)}}},
         {"identity_name", nullptr},
         {"inlets", json::array()},
         {"outlets", json::array()},
         {"secure_channel_listeners", json::array()},
         {"status_endpoint_address", nullptr},
         {"services", json::array()},
         {"transports", json::array()}};
  if (!info)
    return j;
  j["pid"] = info->pid();
  if (!info->http_address().empty())
    j["status_endpoint_address"] = j["http_server_address"] = info->http_address(); // the reference has the first
  for (const auto& s : listed(info->services()))
    j["services"].push_back(view(s));
  for (const auto& l : info->listeners())
    j["transports"].push_back(view(l));
  for (const auto& i : info->items()) {
    if (i.kind() == portal::inlet_kind)
      j["inlets"].push_back(inlet_status(i));
    else if (i.kind() == portal::outlet_kind)
      j["outlets"].push_back(outlet_status(i));
    else if (i.kind() == channels::listener_kind)
      j["secure_channel_listeners"].push_back(channel_listener_status(i));
  }
  j["version"] = info->version();
  j["uptime_ms"] = info->uptime_ms();
  j["workers"] = info->workers();
  j["connections"] = info->connections();
  j["max_connections"] = info->max_connections();
  j["messages"] = info->messages();
  j["memory"] = {{"used", info->memory_used()}, {"limit", info->memory_limit()}};
  j["dropped"] = counters(info->dropped());
  j["refused"] = counters(info->refused());
  if (!info->spans().empty())
    j["spans"] = counters(info->spans());
  j["overdue"] = json::array();
  for (const auto& w : info->overdue())
    j["overdue"].push_back({{"addr", w.address()}, {"thread", w.thread()}, {"busy_ms", w.busy_ms()}});
  return j;
}

std::string line_of(const control::WorkerInfo& w) {
  return "Worker " + printable(w.address());
}

std::string line_of(const control::ListenerInfo& l) {
  return std::string{family_of(l.transport()).title} + ", Listening at " + l.socket_address();
}

std::string line_of(const control::ConnectionInfo& c) {
  auto state = c.state() == "up" ? std::string{} : ", " + c.state();
  return std::string{family_of(c.transport()).title} + ", " + c.mode() + " at " + c.socket_address() + state;
}

columns table_of(const google::protobuf::RepeatedPtrField<control::ServiceInfo>& list) {
  columns out{{"SERVICE", false, true}, {"TYPE"}, {"REACHED BY"}};
  for (const auto& s : list)
    out.add({s.address(), s.type(), s.reachable() ? "network" : "this node only"});
  return out;
}

columns table_of(const google::protobuf::RepeatedPtrField<control::WorkerInfo>& list) {
  columns out{{"WORKER", false, true}, {"TYPE"}, {"BEHAVIOR", false, true, true}, {"THREAD"}, {"CHILDREN", true, false, true}, {"MONITORS", true, false, true}, {"MESSAGES", true}};
  for (const auto& w : list)
    out.add({w.address(), w.type(), w.behavior(), w.thread(), some(w.children()), some(w.watchers()), number(w.messages_in())});
  return out;
}

columns table_of(const google::protobuf::RepeatedPtrField<control::ListenerInfo>& list) {
  columns out{{"LISTENING AT"}, {"ROUTE", false, true}, {"CONNECTIONS", true}};
  for (const auto& l : list)
    out.add({l.socket_address(), route_to(l.transport(), l.socket_address()), number(l.connections())});
  return out;
}

columns table_of(const google::protobuf::RepeatedPtrField<control::ConnectionInfo>& list) {
  columns out{{"LINK"}, {"PEER", false, true}, {"STATE"}, {"SEND TO"}};
  for (const auto& c : list)
    out.add({c.mode(), c.socket_address(), c.state(), "/worker/" + c.worker_address()});
  return out;
}

std::string page_of(const control::WorkerDetails& w) {
  auto out = done_line("Worker " + w.address() + " is " + w.state() + "\n") + field("Type", w.type())
             + field("Behavior", w.behavior()) + field("Parent", w.parent())
             + field("Runs", std::string{w.thread() == "pool" ? "on the pool" : w.thread() == "detached" ? "in a thread of its own" : w.thread() == "scheduler" ? "on threads of CAF's scheduler" : "on the socket thread"}
                               + (w.instances() == 1 ? "" : ", " + number(w.instances()) + " instances"))
             + field("Restart", w.restart() + ", restarted " + number(w.restarts()) + " times")
             + field("Messages", number(w.messages_in()) + " in, " + number(w.messages_out()) + " out, " + number(w.failed()) + " failed, "
                                   + number(w.queued()) + " in queue");
  if (w.children() > 0)
    out += field("Children", number(w.children()) + ", see: ockam worker tree");
  if (w.watchers() > 0)
    out += field("Monitors", number(w.watchers()) + " are told of its end");
  if (w.memory_limit() > 0)
    out += field("Memory", size_text(w.memory_used()) + " of " + size_text(w.memory_limit()) + " in messages that it keeps or has sent");
  for (const auto& who : w.reached_by())
    out += field("Reached by", who);
  if (w.opens_node())
    out += field("Opens", "every worker of this node, to all of these");
  for (const auto& who : w.takes_from())
    out += field("Takes from", who);
  for (const auto& where : w.sends_to())
    out += field("Sends to", where);
  if (const auto& l = w.latency(); l.measured() > 0)
    out += field("Latency", "p50 " + time_text(l.p50()) + ", p90 " + time_text(l.p90()) + ", p99 " + time_text(l.p99()) + ", longest "
                              + time_text(l.longest()) + " (of " + number(l.measured()) + " messages)");
  if (w.busy_ms() >= 1000)
    out += field("Busy", "for " + uptime_text(w.busy_ms()) + " with one message");
  if (w.overruns() > 0)
    out += field("Overruns", number(w.overruns()) + " calls took longer than the watchdog allows");
  for (const auto& c : w.counters())
    out += field(c.name(), number(c.value()));
  return out;
}

std::string page_of(const control::ListenerInfo& l) {
  const auto& t = family_of(l.transport());
  return done_line(std::string{t.title} + " Listener:\n") + field("Type", std::string{t.title}) + field("Mode", "Listen")
         + field("Socket address", l.socket_address()) + field("Processor address", l.address())
         + field("Flow Control Id", l.flow_control_id()) + field("Connections", number(l.connections()))
         + field("Accepted", number(l.accepted()) + ", refused " + number(l.refused()));
}

std::string page_of(const control::ConnectionInfo& c) {
  const auto& t = family_of(c.transport());
  auto out = done_line(std::string{t.title} + " Connection:\n") + field("Type", std::string{t.title}) + field("Mode", c.mode())
             + field("Socket address", c.socket_address()) + field("Worker address", "0#" + c.worker_address())
             + field("Flow Control Id", c.flow_control_id())
             + field("State", c.state() + " for " + uptime_text(c.since_ms())
                                + (c.state() == "waiting" ? ", next try in " + number(c.next_retry_ms()) + " ms" : ""));
  if (c.lasting())
    out += field("Reconnects", number(c.reconnects()) + ", attempts " + number(c.attempts())) + field("Last error", c.last_error());
  out += field("Peer", c.peer()) + field("Identity", c.identity());
  if (c.transport() == "udp")
    out += field("Heard of", number(c.peers()) + " addresses; not delivered: " + number(c.refusals()));
  out += field("Messages", number(c.messages_in()) + " in, " + number(c.messages_out()) + " out, " + number(c.dropped()) + " dropped");
  out += field("Bytes", number(c.bytes_in()) + " in, " + number(c.bytes_out()) + " out");
  return out + field("Waiting", number(c.pending_bytes()) + " bytes let in, " + number(c.queued_bytes()) + " bytes to write");
}

namespace {

/// What a page of a node says of it: title and text; nothing of a kind that this command line does not know.
std::pair<std::string, std::string> line_of(const control::Item& i) {
  if (i.kind() == portal::inlet_kind)
    return {"Inlet", i.name() + ": " + field_of(i, "from") + " to " + field_of(i, "to") + ", " + field_of(i, "state")};
  if (i.kind() == portal::outlet_kind)
    return {"Outlet", i.name() + ": to " + field_of(i, "to")};
  if (i.kind() == relay_kind)
    return {"Relay", i.name() + ": at " + field_of(i, "at") + ", " + field_of(i, "state")};
  return {};
}

} // namespace

std::string page_of(const state::node_row& row, state::node_status status, const control::NodeInfo* info) {
  auto out = done_line("Node " + row.name + " is " + std::string{state::to_string(status)} + (row.is_default ? " (the default node)\n" : "\n"));
  out += field("Route", "/node/" + row.name);
  if (auto verbose = route_to("tcp", row.tcp_listener_address); !verbose.empty())
    out += field("Address", verbose);
  if (!info)
    return out;
  out += field("Process", number(info->pid()) + ", version " + info->version() + ", up " + uptime_text(info->uptime_ms()));
  for (const auto& l : info->listeners())
    out += field("Listener", line_of(l));
  out += field("HTTP server", info->http_address());
  for (const auto& i : info->items())
    if (auto line = line_of(i); !line.second.empty())
      out += field(line.first, line.second);
  std::string services;
  for (const auto& s : listed(info->services()))
    services += (services.empty() ? "" : ", ") + s.address() + (s.address() == s.type() ? "" : " (" + s.type() + ")");
  out += field("Services", services);
  out += field("Workers", number(info->workers()) + ", connections " + number(info->connections()) + " of " + number(info->max_connections()));
  out += field("Messages", number(info->messages()) + " delivered, memory " + size_text(info->memory_used()) + " of " + size_text(info->memory_limit()));
  for (const auto& w : info->overdue())
    out += field("Does not return", "worker " + w.address() + " on the " + (w.thread() == "pool" ? "pool" : "socket thread") + ", for "
                                      + uptime_text(w.busy_ms()));
  out += field("Spans", counter_text(info->spans()));
  return out + field("Dropped", counter_text(info->dropped())) + field("Refused", counter_text(info->refused()));
}

} // namespace ockam::cli
