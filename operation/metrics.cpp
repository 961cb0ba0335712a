// SPDX-License-Identifier: Apache-2.0
#include "operation/metrics.hpp"

#include "operation/items.hpp"
#include "runtime/core/reason.hpp"
#include "runtime/links/item_fields.hpp"
#include "runtime/workers/worker_stats.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <sstream>

namespace ockam::operation {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

double seconds(std::chrono::nanoseconds d) {
  return std::chrono::duration<double>(d).count();
}

/// Families in the order of their first series; a family begins when something is added to it.
class collection {
 public:
  void counter(const std::string& name, const char* help, labels of, std::uint64_t value) {
    add(name, help, MetricType::Counter, std::move(of)).counter.value = static_cast<double>(value);
  }
  void gauge(const std::string& name, const char* help, labels of, double value) {
    add(name, help, MetricType::Gauge, std::move(of)).gauge.value = value;
  }
  ClientMetric& add(const std::string& name, const char* help, MetricType type, labels of) {
    auto [at, fresh] = index_.try_emplace(name, families_.size());
    if (fresh)
      families_.push_back({name, help, type, {}});
    auto& m = families_[at->second].metric.emplace_back();
    m.label = std::move(of);
    return m;
  }
  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, families_);
    return std::move(out).str();
  }

 private:
  std::vector<prometheus::MetricFamily> families_;
  std::map<std::string, std::size_t> index_;
};

template <class T>
void gauge_if(collection& out, const char* name, const char* help, const std::optional<T>& value) {
  if (value)
    out.gauge(name, help, {}, static_cast<double>(*value));
}

/// Names that Prometheus' own client libraries give these.
void add_process(collection& out, const process_figures& p) {
  if (p.cpu_seconds)
    out.add("process_cpu_seconds_total", "CPU time of all threads, user and system.", MetricType::Counter, {}).counter.value = *p.cpu_seconds;
  gauge_if(out, "process_resident_memory_bytes", "Memory of the process that is resident.", p.resident_bytes);
  gauge_if(out, "process_virtual_memory_bytes", "Address space of the process.", p.virtual_bytes);
  gauge_if(out, "process_start_time_seconds", "When the process began, in seconds since 1970.", p.start_seconds);
  gauge_if(out, "process_threads", "Threads of the process.", p.threads);
  gauge_if(out, "process_open_fds", "Open file descriptors.", p.open_files);
  gauge_if(out, "process_max_fds", "Most file descriptors that may be open.", p.most_files);
}

std::uint64_t count_of(const node_snapshot::counts& counts, std::string_view reason) {
  for (const auto& [why, n] : counts)
    if (why == reason)
      return n;
  return 0;
}

/// Every reason, those that never happened too: an alert on a series that is not there never fires.
void add_reasons(collection& out, const node_snapshot& s) {
  for (std::size_t i = 1; i < drop_reason_count; ++i) {
    auto why = to_string(static_cast<drop_reason>(i));
    out.counter("ockam_messages_dropped_total", "Messages that ended before their last hop, by reason.", {{"reason", std::string{why}}},
                count_of(s.dropped, why));
  }
  for (std::size_t i = 0; i < refusal_count; ++i) {
    auto why = to_string(static_cast<refusal>(i));
    out.counter("ockam_refusals_total", "Bad input that was refused, by reason.", {{"reason", std::string{why}}}, count_of(s.refused, why));
  }
}

/// Turns of the event loop: what comes while one is under way waits for its end.
void add_turns(collection& out, const fine_histogram& turns) {
  auto& h = out.add("ockam_socket_thread_turn_seconds", "How long the thread of the sockets was busy at a time: from an event to the end of what follows from it.", MetricType::Histogram, {}).histogram;
  constexpr unsigned least = 12, most = 34; // powers of two, nanoseconds: 4 µs to 17 s
  for (auto power = least; power <= most; power += 2)
    h.bucket.push_back({turns.below_power(power), seconds(std::chrono::nanoseconds{std::int64_t{1} << power})});
  h.bucket.push_back({turns.total(), std::numeric_limits<double>::infinity()});
  h.sample_count = turns.total();
  h.sample_sum = seconds(turns.sum());
}

void add_spans(collection& out, const tracer::counts& c) {
  out.counter("ockam_spans_total", "Spans of traces that have ended.", {}, c.kept);
  out.counter("ockam_spans_sent_total", "Spans that the collector has taken.", {}, c.sent);
  for (auto [why, n] : {std::pair{"queue-full", c.dropped}, {"not-sent", c.failed}})
    out.counter("ockam_spans_lost_total", "Spans that the collector has not got, by reason.", {{"reason", why}}, n);
  out.gauge("ockam_spans_waiting", "Spans that wait to be sent.", {}, static_cast<double>(c.waiting));
}

void add_node(collection& out, const node_snapshot& s, const scrape_figures& f) {
  out.gauge("ockam_build_info", "Always 1; the version is a label.", {{"version", std::string{s.version}}}, 1);
  out.gauge("ockam_uptime_seconds", "How long the node has run.", {}, seconds(s.uptime));
  out.gauge("ockam_socket_thread_delay_seconds", "How long this scrape waited for the thread of the sockets.", {}, seconds(f.socket_thread_delay));
  out.gauge("ockam_workers", "Addresses of workers, of links and aliases too.", {}, static_cast<double>(s.workers));
  out.gauge("ockam_overdue_workers", "Workers in a call that takes longer than it should.", {}, static_cast<double>(s.overdue.size()));
  std::chrono::milliseconds longest{0};
  for (const auto& w : s.overdue)
    longest = std::max(longest, w.busy);
  out.gauge("ockam_overdue_worker_seconds", "Age of the longest call that takes longer than it should; 0: none does.", {}, seconds(longest));
  out.gauge("ockam_connections", "Open links to other nodes, of all transports.", {}, static_cast<double>(s.connections));
  out.gauge("ockam_connections_limit", "Most links that may be open: max-connections.", {}, static_cast<double>(s.max_connections));
  out.gauge("ockam_message_memory_bytes", "Bytes of messages that are in the node.", {}, static_cast<double>(s.memory_used));
  out.gauge("ockam_message_memory_limit_bytes", "Most bytes of messages: node-budget.", {}, static_cast<double>(s.memory_limit));
  out.counter("ockam_messages_total", "Messages that were handed to workers and links.", {}, s.messages);
  if (s.pool) {
    out.gauge("ockam_pool_threads", "Threads of the pool that there are.", {}, static_cast<double>(s.pool->threads));
    out.gauge("ockam_pool_waiting_jobs", "Workers with messages that wait for a thread of the pool.", {}, static_cast<double>(s.pool->waiting));
    out.gauge("ockam_pool_late_turns", "Turns that have held a thread of the pool for longer than they should.", {}, static_cast<double>(s.pool->late));
  }
  add_reasons(out, s);
  if (s.spans)
    add_spans(out, *s.spans);
}

/// Reasons for which messages to a link are dropped; others are shown when they have happened.
constexpr std::array usual_of_links{drop_reason::link_down, drop_reason::congested, drop_reason::too_large, drop_reason::stream_broken};

/// Of a link, or of all links of something: `prefix` is `ockam_connection`, say.
void add_traffic(collection& out, const std::string& prefix, const labels& of, const traffic& t) {
  out.counter(prefix + "_received_messages_total", "Messages that came in.", of, t.messages_in);
  out.counter(prefix + "_sent_messages_total", "Messages that went out.", of, t.messages_out);
  out.counter(prefix + "_received_bytes_total", "Bytes that came in.", of, t.bytes_in);
  out.counter(prefix + "_sent_bytes_total", "Bytes that went out.", of, t.bytes_out);
  for (std::size_t i = 1; i < drop_reason_count; ++i) {
    auto why = static_cast<drop_reason>(i);
    if (t.dropped[why] == 0 && std::find(usual_of_links.begin(), usual_of_links.end(), why) == usual_of_links.end())
      continue;
    auto with_reason = of;
    with_reason.push_back({"reason", std::string{to_string(why)}});
    out.counter(prefix + "_dropped_messages_total", "Messages to it that were dropped, by reason.", std::move(with_reason), t.dropped[why]);
  }
}

void add_listeners(collection& out, const node_snapshot& s) {
  for (const auto& l : s.listeners) {
    labels of{{"transport", l.transport}, {"listener", l.name.empty() ? l.socket_address : l.name}};
    out.gauge("ockam_listener_up", "Whether the listener is open: 0 while this host has not its address.", of, 1);
    out.gauge("ockam_listener_connections", "Open links that the listener has let in.", of, static_cast<double>(l.connections));
    out.counter("ockam_listener_accepted_total", "Connections that the listener has let in.", of, l.accepted);
    out.counter("ockam_listener_refused_total", "Connections that the listener has closed at once.", of, l.refused);
    add_traffic(out, "ockam_listener", of, l.carried);
  }
  for (const auto& l : s.late)
    out.gauge("ockam_listener_up", "Whether the listener is open: 0 while this host has not its address.",
              {{"transport", l.transport}, {"listener", l.name.empty() ? l.socket_address : l.name}}, 0);
}

/// Of connections that outlive their links: the others come and go with whoever connects.
void add_connections(collection& out, const node_snapshot& s) {
  for (const auto& l : s.links) {
    if (!l.lasting || relay_of(s, l))
      continue;
    labels of{{"transport", l.transport}, {"connection", connection_name(l)}, {"peer", l.socket_address}};
    auto size = [](std::size_t n) { return static_cast<double>(n); };
    out.gauge("ockam_connection_up", "Whether messages can pass.", of, l.state == "up" ? 1 : 0);
    out.gauge("ockam_connection_state_seconds", "How long it has been in the state that it is in.", of, seconds(l.since));
    out.counter("ockam_connection_attempts_total", "Connects that were begun.", of, l.attempts);
    out.counter("ockam_connection_reconnects_total", "Times that it came up again.", of, l.reconnects);
    add_traffic(out, "ockam_connection", of, l);
    out.counter("ockam_connection_pauses_total", "Times that reading stopped for want of budget.", of, l.pauses);
    out.gauge("ockam_connection_queued_bytes", "Bytes that wait to be written.", of, size(l.queued_bytes));
    out.gauge("ockam_connection_pending_bytes", "Bytes that it has let in and that are still in the node.", std::move(of), size(l.pending_bytes));
  }
}

/// Of connections that belong to a relay, which have a name that nobody has given them.
void add_relays(collection& out, const node_snapshot& s) {
  for (const auto& l : s.links) {
    const auto* relay = relay_of(s, l);
    if (!relay)
      continue;
    labels of{{"name", relay->name}};
    add_traffic(out, "ockam_relay", of, l);
    out.counter("ockam_relay_reconnects_total", "Times that the relay's own connection came up again.", std::move(of), l.reconnects);
  }
}

/// Fields of facilities that are numbers, whatever the facility.
struct number_field {
  std::string_view field;
  const char* metric; ///< what follows `ockam_KIND_`
  const char* help;
  bool counts = true; ///< it never gets less
};
constexpr std::array number_fields{
  number_field{"connections", "connections", "TCP connections that are open now.", false},
  number_field{"opened", "opened_total", "TCP connections that were opened."},
  number_field{"failed", "failed_total", "TCP connections that ended otherwise than in order."},
  number_field{"refused", "refused_total", "TCP connections that were refused."},
  number_field{"bytes_in", "received_bytes_total", "Bytes that came from the TCP side."},
  number_field{"bytes_out", "sent_bytes_total", "Bytes that went to the TCP side."},
  number_field{"registrations", "registrations_total", "Registrations that have worked."},
  number_field{"channels", "channels", "Secure channels that are open.", false},
  number_field{"half_open", "half_open", "Handshakes that wait for their last message.", false},
  number_field{"turned_away", "turned_away_total", "Handshakes for which there was no room."},
  number_field{"openings", "openings_total", "Channels that there have been: over 1, it was made anew."},
  number_field{"sent", "sent_messages_total", "Messages that went out by the channel of now: it begins anew with each."},
  number_field{"received", "received_messages_total", "Messages that came in by the channel of now."},
  number_field{"not_opened", "not_opened_messages_total", "Messages that came by the channel of now and did not open: forged, repeated or damaged."},
};

/// Of a listener of channels these count channels, as those of portals count connections.
const char* help_of(const number_field& f, std::string_view kind) {
  if (kind != "secure-channel-listener")
    return f.help;
  return f.field == "opened" ? "Secure channels that were opened." : f.field == "refused" ? "Handshakes that were refused." : f.help;
}

void add_failures(collection& out, const std::string& prefix, const item_info& item) {
  for (const auto& [name, value] : item.fields) {
    std::uint64_t n = 0;
    if (name.starts_with(failed_by) && std::from_chars(value.data(), value.data() + value.size(), n).ec == std::errc{})
      out.counter(prefix + "failures_total", "TCP connections that ended otherwise than in order, by reason.",
                  {{"name", item.name}, {"reason", name.substr(failed_by.size())}}, n);
  }
}

void add_items(collection& out, const node_snapshot& s) {
  for (const auto& [kind, item] : s.items) {
    auto prefix = "ockam_" + kind + "_";
    std::replace(prefix.begin(), prefix.end(), '-', '_');
    labels of{{"name", item.name}};
    if (auto state = field(item, "state"); !state.empty())
      out.gauge(prefix + "up", "Whether it works.", of, state == "up" ? 1 : 0);
    add_failures(out, prefix, item);
    for (const auto& f : number_fields) {
      auto text = field(item, f.field);
      std::uint64_t value = 0;
      if (auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value); text.empty() || wrong != std::errc{})
        continue;
      if (f.counts)
        out.counter(prefix + f.metric, help_of(f, kind), of, value);
      else
        out.gauge(prefix + f.metric, help_of(f, kind), of, static_cast<double>(value));
    }
  }
}

/// The node counts in four buckets to each power of two; every second power from 1 µs to 17 s is enough for a graph.
void fill(ClientMetric::Histogram& out, const std::vector<std::uint64_t>& durations) {
  std::uint64_t total = 0;
  std::size_t next = 0;
  auto count_below = [&](std::chrono::nanoseconds bound) {
    for (; next < durations.size() && latency_histogram::end_of(next) <= bound; ++next) {
      total += durations[next];
      out.sample_sum += static_cast<double>(durations[next]) * seconds(latency_histogram::middle_of(next));
    }
    return total;
  };
  constexpr int least = 10, most = 34; // powers of two, nanoseconds
  for (int power = least; power <= most; power += 2) {
    std::chrono::nanoseconds bound{std::int64_t{1} << power};
    out.bucket.push_back({count_below(bound), seconds(bound)});
  }
  out.sample_count = count_below(std::chrono::nanoseconds::max());
  out.bucket.push_back({out.sample_count, std::numeric_limits<double>::infinity()});
}

/// Workers that services have started, and those these have: how many there are and what they are called is up to who sends
/// to the services. By the service that nobody has started. Not what they have done: that would get less when one ends.
void add_children(collection& out, const node_snapshot& s) {
  std::map<std::string_view, const worker_info*> all;
  for (const auto& w : s.service_workers)
    all.emplace(w.address, &w);
  auto root_of = [&](const worker_info& w) -> std::string {
    const auto* at = &w;
    while (!at->kin.parent.empty()) {
      auto parent = all.find(at->kin.parent);
      if (parent == all.end())
        return "other"; // its name may be anybody's
      at = parent->second;
    }
    return at->address;
  };
  struct sum {
    std::uint64_t number = 0, queued = 0;
    std::chrono::milliseconds busy{0};
  };
  std::map<std::string, sum> sums;
  for (const auto& w : s.service_workers)
    if (!w.kin.parent.empty()) {
      auto& its = sums[root_of(w)];
      ++its.number;
      its.queued += w.queued;
      its.busy = std::max(its.busy, w.busy);
    }
  for (const auto& [service, its] : sums) {
    labels of{{"service", service}};
    out.gauge("ockam_service_children", "Workers that it has started, and those these have.", of, static_cast<double>(its.number));
    out.gauge("ockam_service_children_queued_messages", "Messages that wait for these.", of, static_cast<double>(its.queued));
    out.gauge("ockam_service_children_busy_seconds", "Age of the longest call of these under way.", std::move(of), seconds(its.busy));
  }
}

/// Relays that other nodes have here, all together: their names are those nodes'.
void add_relays_of_others(collection& out, const node_snapshot& s) {
  std::uint64_t relays = 0, messages = 0, bytes = 0;
  bool is_there = false;
  for (const auto& w : s.service_workers) {
    auto count = [&](const char* name) {
      auto it = w.counters.find(name);
      return it == w.counters.end() ? 0 : it->second;
    };
    if (w.type != "forwarding_service" || !w.counters.contains("relays"))
      continue;
    is_there = true;
    relays += count("relays");
    messages += count("passed-messages");
    bytes += count("passed-bytes");
  }
  if (!is_there)
    return;
  out.gauge("ockam_relay_service_relays", "Relays that other nodes have here.", {}, static_cast<double>(relays));
  out.counter("ockam_relay_service_messages_total", "Messages that they have passed on.", {}, messages);
  out.counter("ockam_relay_service_bytes_total", "Bytes of the payloads of these.", {}, bytes);
}

void add_services(collection& out, const node_snapshot& s) {
  for (const auto& w : s.service_workers) {
    if (!w.kin.parent.empty())
      continue;
    labels of{{"service", w.address}, {"type", w.type}};
    out.counter("ockam_service_received_messages_total", "Messages that it was given.", of, w.messages_in);
    out.counter("ockam_service_sent_messages_total", "Messages that it has sent.", of, w.messages_out);
    out.counter("ockam_service_failed_messages_total", "Messages whose handling failed.", of, w.failed);
    out.counter("ockam_service_restarts_total", "Times that it was made anew.", of, w.restarts);
    out.counter("ockam_service_overruns_total", "Calls that took longer than the watchdog allows.", of, w.overruns);
    out.gauge("ockam_service_queued_messages", "Messages that wait for it.", of, static_cast<double>(w.queued));
    out.gauge("ockam_service_busy_seconds", "Age of the longest call under way.", of, seconds(w.busy));
    out.gauge("ockam_service_memory_bytes", "Bytes of messages that it keeps.", of, static_cast<double>(w.memory.used));
    auto& took = out.add("ockam_service_duration_seconds",
                         "From the arrival of a message to the end of its handler, of those that were measured; the sum is right within an eighth.", MetricType::Histogram,
                         std::move(of));
    fill(took.histogram, w.durations);
  }
  out.gauge("ockam_services_not_shown", "Services beyond those that are shown one by one.", {}, static_cast<double>(s.services_left_out));
}

} // namespace

std::string metrics_text(const node_snapshot& s, const scrape_figures& f) {
  collection out;
  add_process(out, f.process);
  add_node(out, s, f);
  if (s.turns)
    add_turns(out, *s.turns);
  add_listeners(out, s);
  add_connections(out, s);
  add_relays(out, s);
  add_items(out, s);
  add_services(out, s);
  add_children(out, s);
  add_relays_of_others(out, s);
  return out.text();
}

} // namespace ockam::operation
