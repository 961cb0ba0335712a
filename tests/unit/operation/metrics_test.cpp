// SPDX-License-Identifier: Apache-2.0
#include "operation/metrics.hpp"

#include "runtime/core/reason.hpp"
#include "runtime/workers/worker_stats.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <sstream>

namespace ockam::operation {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in{text};
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);)
    out.push_back(line);
  return out;
}

std::vector<std::string> series_of(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& line : lines_of(text))
    if (!line.starts_with('#'))
      out.push_back(line.substr(0, line.rfind(' ')));
  return out;
}

bool has(const std::string& text, const std::string& line) {
  auto all = lines_of(text);
  return std::find(all.begin(), all.end(), line) != all.end();
}

void expect_lines(const std::string& text, std::initializer_list<const char*> lines) {
  for (const auto* line : lines)
    EXPECT_TRUE(has(text, line)) << line << "\n" << text;
}

link_info lasting_link() {
  link_info l;
  l.transport = "tcp";
  l.outgoing = l.lasting = true;
  l.socket_address = "10.0.0.2:4000";
  l.worker_address = "west";
  l.state = "up";
  l.since = 1500ms;
  l.bytes_in = 7;
  l.reconnects = 2;
  return l;
}

TEST(Metrics, ShowEachReasonAlsoOfWhatNeverHappened) {
  node_snapshot s;
  s.dropped = {{"congested", 3}};
  auto text = metrics_text(s, {});
  EXPECT_TRUE(has(text, "ockam_messages_dropped_total{reason=\"congested\"} 3")) << text;
  EXPECT_TRUE(has(text, "ockam_messages_dropped_total{reason=\"unknown-worker\"} 0"));
  auto series = series_of(text);
  auto of = [&](const std::string& name) {
    return std::count_if(series.begin(), series.end(), [&](auto& line) { return line.starts_with(name + "{"); });
  };
  EXPECT_EQ(of("ockam_messages_dropped_total"), static_cast<std::ptrdiff_t>(drop_reason_count - 1));
  EXPECT_EQ(of("ockam_refusals_total"), static_cast<std::ptrdiff_t>(refusal_count));
}

TEST(Metrics, OfConnectionsThatLastOnly) {
  node_snapshot s;
  s.links.push_back(lasting_link());
  auto passing = lasting_link();
  passing.lasting = false;
  passing.worker_address = "0123456789abcdef0123456789abcdef";
  s.links.push_back(passing);
  auto text = metrics_text(s, {});
  EXPECT_TRUE(has(text, "ockam_connection_up{transport=\"tcp\",connection=\"west\",peer=\"10.0.0.2:4000\"} 1")) << text;
  EXPECT_TRUE(has(text, "ockam_connection_received_bytes_total{transport=\"tcp\",connection=\"west\",peer=\"10.0.0.2:4000\"} 7"));
  EXPECT_TRUE(has(text, "ockam_connection_dropped_messages_total{transport=\"tcp\",connection=\"west\",peer=\"10.0.0.2:4000\",reason=\"congested\"} 0"));
  EXPECT_FALSE(has(text, "ockam_connection_dropped_messages_total{transport=\"tcp\",connection=\"west\",peer=\"10.0.0.2:4000\",reason=\"hop-budget\"} 0"));
  EXPECT_TRUE(has(text, "ockam_connection_state_seconds{transport=\"tcp\",connection=\"west\",peer=\"10.0.0.2:4000\"} 1.5"));
  EXPECT_EQ(text.find("0123456789abcdef"), std::string::npos);
}

TEST(Metrics, OfListenersSumUpWhatTheyHaveLetIn) {
  node_snapshot s;
  auto& l = s.listeners.emplace_back();
  l.transport = "tcp";
  l.name = "main";
  l.carried.messages_in = 3;
  l.carried.bytes_out = 70;
  l.carried.dropped.add(drop_reason::refused, 2);
  expect_lines(metrics_text(s, {}), {"ockam_listener_received_messages_total{transport=\"tcp\",listener=\"main\"} 3",
                                     "ockam_listener_sent_bytes_total{transport=\"tcp\",listener=\"main\"} 70",
                                     "ockam_listener_dropped_messages_total{transport=\"tcp\",listener=\"main\",reason=\"refused\"} 2",
                                     "ockam_listener_dropped_messages_total{transport=\"tcp\",listener=\"main\",reason=\"congested\"} 0"});
}

TEST(Metrics, DoNotGrowWithWhoConnects) {
  node_snapshot s;
  s.listeners.push_back({"tcp", "main", "127.0.0.1:4000", "0#00", "", 1, true, 1, 0, 1});
  auto before = series_of(metrics_text(s, {})).size();
  s.connections = 10'000;
  s.listeners.front().accepted = 10'000;
  for (int i = 0; i < 100; ++i) {
    link_info l;
    l.transport = "tcp";
    l.peer = "a\"} evil 1\n" + std::to_string(i);
    s.links.push_back(l);
  }
  EXPECT_EQ(series_of(metrics_text(s, {})).size(), before);
}

// A script that makes a child for each name that a stranger says made series of these names.
TEST(Metrics, DoNotGrowWithTheChildrenOfServices) {
  node_snapshot s;
  auto worker = [](const std::string& address, const std::string& parent, std::uint64_t queued, std::chrono::milliseconds busy) {
    worker_info w;
    w.address = address;
    w.type = "script";
    w.kin.parent = parent;
    w.queued = queued;
    w.busy = busy;
    return w;
  };
  s.service_workers = {worker("a.b", "", 1, 0ms), worker("sensors", "", 5, 0ms), worker("sensors.1", "sensors", 2, 1500ms)};
  auto before = series_of(metrics_text(s, {}));
  for (int i = 0; i < 100; ++i) {
    auto name = "sensors.evil" + std::to_string(i);
    s.service_workers.push_back(worker(name, "sensors", 1, 10ms));
    s.service_workers.push_back(worker(name + ".x", name, 1, 20ms));
  }
  auto text = metrics_text(s, {});
  EXPECT_EQ(series_of(text), before);
  EXPECT_EQ(text.find("evil"), std::string::npos);
  expect_lines(text, {"ockam_service_children{service=\"sensors\"} 201", "ockam_service_children_queued_messages{service=\"sensors\"} 202",
                      "ockam_service_children_busy_seconds{service=\"sensors\"} 1.5", "ockam_service_queued_messages{service=\"sensors\",type=\"script\"} 5",
                      "ockam_service_queued_messages{service=\"a.b\",type=\"script\"} 1"});
  EXPECT_EQ(text.find("service=\"sensors.1\""), std::string::npos);
}

TEST(Metrics, DoNotNameAChildWhoseAncestorsAreNotShown) {
  node_snapshot s;
  worker_info w;
  w.address = "sensors.evil.x";
  w.type = "script";
  w.kin.parent = "sensors.evil";
  s.service_workers = {w};
  auto text = metrics_text(s, {});
  EXPECT_TRUE(has(text, "ockam_service_children{service=\"other\"} 1")) << text;
  EXPECT_EQ(text.find("evil"), std::string::npos);
}

TEST(Metrics, OfTheConnectionOfARelayAreByTheNameOfTheRelay) {
  node_snapshot s;
  auto own = lasting_link();
  own.worker_address = "0123456789abcdef0123456789abcdef";
  own.messages_in = 3;
  s.links = {lasting_link(), own};
  s.items.emplace_back("relay", item_info{"db", {{"state", "up"}, {"connection", own.worker_address}}});
  s.items.emplace_back("relay", item_info{"through-a-channel", {{"state", "up"}, {"connection", ""}}});
  auto text = metrics_text(s, {});
  expect_lines(text, {"ockam_relay_received_messages_total{name=\"db\"} 3", "ockam_relay_received_bytes_total{name=\"db\"} 7", "ockam_relay_reconnects_total{name=\"db\"} 2",
                      "ockam_connection_up{transport=\"tcp\",connection=\"west\",peer=\"10.0.0.2:4000\"} 1"});
  EXPECT_EQ(text.find("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(text.find("ockam_relay_received_messages_total{name=\"through-a-channel\"}"), std::string::npos);
}

TEST(Metrics, OfRelaysOfOthersAreOneSum) {
  node_snapshot s;
  worker_info w;
  w.address = "forwarding_service";
  w.type = "forwarding_service";
  w.counters = {{"relays", 2}, {"passed-messages", 5}, {"passed-bytes", 70}};
  s.service_workers.push_back(w);
  auto text = metrics_text(s, {});
  expect_lines(text, {"ockam_relay_service_relays 2", "ockam_relay_service_messages_total 5", "ockam_relay_service_bytes_total 70"});
  EXPECT_EQ(metrics_text({}, {}).find("ockam_relay_service"), std::string::npos);
}

TEST(Metrics, OfThePool) {
  node_snapshot s;
  EXPECT_EQ(metrics_text(s, {}).find("ockam_pool"), std::string::npos);
  s.pool = pool_load{3, 7, 1};
  auto text = metrics_text(s, {});
  expect_lines(text, {"ockam_pool_threads 3", "ockam_pool_waiting_jobs 7", "ockam_pool_late_turns 1"});
}

TEST(Metrics, OfAListenerThatWaitsForItsAddress) {
  node_snapshot s;
  s.late.push_back({"tcp", "lan", "10.9.9.9:4000", "no such address"});
  EXPECT_TRUE(has(metrics_text(s, {}), "ockam_listener_up{transport=\"tcp\",listener=\"lan\"} 0"));
}

TEST(Metrics, OfFacilitiesAreTheNumbersAmongTheirFields) {
  node_snapshot s;
  s.items.emplace_back("tcp-inlet", item_info{"db", {{"from", "127.0.0.1:15432"}, {"state", "down"}, {"connections", "3"}, {"bytes_in", "12"}, {"opened", "x"}}});
  auto text = metrics_text(s, {});
  EXPECT_TRUE(has(text, "ockam_tcp_inlet_up{name=\"db\"} 0")) << text;
  EXPECT_TRUE(has(text, "ockam_tcp_inlet_connections{name=\"db\"} 3"));
  EXPECT_TRUE(has(text, "ockam_tcp_inlet_received_bytes_total{name=\"db\"} 12"));
  EXPECT_EQ(text.find("ockam_tcp_inlet_opened_total"), std::string::npos);
}

TEST(Metrics, OfSecureChannelsAndTheirListeners) {
  node_snapshot s;
  s.items.emplace_back("secure-channel", item_info{"west", {{"state", "down"}, {"openings", "3"}, {"sent", "7"}, {"received", "5"}, {"not_opened", "1"}}});
  s.items.emplace_back("secure-channel-listener", item_info{"api", {{"channels", "2"}, {"half_open", "4"}, {"opened", "9"}, {"refused", "1"}, {"turned_away", "6"}}});
  s.overdue = {{"0#a", worker_thread::pool, 1500ms}, {"0#b", worker_thread::pool, 300ms}};
  auto text = metrics_text(s, {});
  expect_lines(text, {"ockam_secure_channel_up{name=\"west\"} 0", "ockam_secure_channel_openings_total{name=\"west\"} 3", "ockam_secure_channel_sent_messages_total{name=\"west\"} 7",
                      "ockam_secure_channel_received_messages_total{name=\"west\"} 5", "ockam_secure_channel_not_opened_messages_total{name=\"west\"} 1",
                      "ockam_secure_channel_listener_channels{name=\"api\"} 2", "ockam_secure_channel_listener_half_open{name=\"api\"} 4",
                      "ockam_secure_channel_listener_opened_total{name=\"api\"} 9", "ockam_secure_channel_listener_turned_away_total{name=\"api\"} 6",
                      "# HELP ockam_secure_channel_listener_opened_total Secure channels that were opened.", "ockam_overdue_worker_seconds 1.5"});
}

TEST(Metrics, OfFacilitiesAreTheReasonsOfFailures) {
  node_snapshot s;
  s.items.emplace_back("tcp-outlet", item_info{"db", {{"failed", "3"}, {"failed_by:reset", "2"}, {"failed_by:unreachable", "1"}, {"failed_by:gone", "0"}}});
  auto text = metrics_text(s, {});
  EXPECT_TRUE(has(text, "ockam_tcp_outlet_failures_total{name=\"db\",reason=\"reset\"} 2")) << text;
  EXPECT_TRUE(has(text, "ockam_tcp_outlet_failures_total{name=\"db\",reason=\"unreachable\"} 1"));
  EXPECT_TRUE(has(text, "ockam_tcp_outlet_failures_total{name=\"db\",reason=\"gone\"} 0")) << "an alert on a series that is not there never fires";
}

TEST(Metrics, OfDurationsAreAHistogramWhoseBucketsAddUp) {
  latency_histogram h;
  for (int i = 0; i < 10; ++i)
    h.add(900ns);
  h.add(3ms);
  h.add(10min); // beyond the last bucket
  node_snapshot s;
  worker_info w;
  w.address = "echo";
  w.type = "echo";
  h.merge_into(w.durations);
  s.service_workers.push_back(w);
  auto text = metrics_text(s, {});
  EXPECT_TRUE(has(text, "ockam_service_duration_seconds_count{service=\"echo\",type=\"echo\"} 12")) << text;
  EXPECT_TRUE(has(text, "ockam_service_duration_seconds_bucket{service=\"echo\",type=\"echo\",le=\"+Inf\"} 12"));
  std::vector<double> counts;
  for (const auto& line : lines_of(text))
    if (line.starts_with("ockam_service_duration_seconds_bucket"))
      counts.push_back(std::stod(line.substr(line.rfind(' '))));
  EXPECT_TRUE(std::is_sorted(counts.begin(), counts.end()));
  EXPECT_EQ(counts.front(), 10); // 1.024 µs
  EXPECT_EQ(counts[counts.size() - 2], 11); // 17 s
}

TEST(Metrics, EscapeWhatLabelsMayHave) {
  node_snapshot s;
  s.items.emplace_back("relay", item_info{"a\"b\\c\nd", {{"state", "up"}}});
  EXPECT_TRUE(has(metrics_text(s, {}), "ockam_relay_up{name=\"a\\\"b\\\\c\\nd\"} 1"));
}

TEST(Metrics, HaveEachFamilyOnceAndNoSeriesTwice) {
  node_snapshot s;
  s.links.push_back(lasting_link());
  auto other = lasting_link();
  other.worker_address = "east";
  s.links.push_back(other);
  s.items.emplace_back("relay", item_info{"a", {{"state", "up"}}});
  s.items.emplace_back("relay", item_info{"b", {{"state", "up"}}});
  auto text = metrics_text(s, {{1, 2, 3.5, 4.5, 5, 6, 7}, 1ms});
  auto series = series_of(text);
  EXPECT_EQ(std::set<std::string>(series.begin(), series.end()).size(), series.size());
  std::set<std::string> types;
  for (const auto& line : lines_of(text))
    if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(types.insert(line).second) << line;
    }
  EXPECT_TRUE(has(text, "process_cpu_seconds_total 3.5"));
}

TEST(ProcessFigures, AreThoseOfThisProcess) {
  auto p = read_process_figures();
  ASSERT_TRUE(p.resident_bytes && p.cpu_seconds && p.threads && p.open_files && p.start_seconds);
  EXPECT_GT(*p.resident_bytes, 1u << 20);
  EXPECT_GE(*p.threads, 1u);
  EXPECT_GE(*p.open_files, 3u);
  auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_NEAR(*p.start_seconds, now, 3600);
}

} // namespace
} // namespace ockam::operation
