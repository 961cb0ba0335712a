// SPDX-License-Identifier: Apache-2.0
#include "operation/otlp_json.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <map>

namespace ockam::operation {
namespace {

using json = nlohmann::json;
using namespace std::chrono_literals;

ockam::span answered() {
  ockam::span s;
  auto t = *parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  s.trace_id = t.trace_id;
  s.span_id = t.span_id;
  s.parent_id = parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-01")->span_id;
  s.state = "vendor=1";
  s.what = "answer";
  s.kind = span_kind::server;
  s.worker = "0#echo";
  s.type = "echo";
  s.link = "0#aa";
  s.peer = "10.0.0.1:4000";
  s.identity = "CN=n2";
  s.begin = std::chrono::system_clock::time_point{1'700'000'000s};
  s.lasted = 1'500us;
  return s;
}

json only_span(const ockam::span& s) {
  auto all = json::parse(otlp_json({"shop", "n1"}, std::span{&s, 1}));
  return all.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").at(0);
}

std::map<std::string, std::string> attributes(const json& list) {
  std::map<std::string, std::string> out;
  for (const auto& a : list)
    out[a.at("key")] = a.at("value").at("stringValue");
  return out;
}

TEST(otlp_json, has_the_shape_of_an_export_request) {
  std::vector<ockam::span> two{answered(), answered()};
  auto all = json::parse(otlp_json({"shop", "n1"}, two));
  ASSERT_EQ(all.size(), 1u);
  ASSERT_EQ(all["resourceSpans"].size(), 1u);
  auto& r = all["resourceSpans"][0];
  auto resource = attributes(r["resource"]["attributes"]);
  EXPECT_EQ(resource["service.name"], "shop");
  EXPECT_EQ(resource["service.instance.id"], "n1");
  ASSERT_EQ(r["scopeSpans"].size(), 1u);
  EXPECT_EQ(r["scopeSpans"][0]["scope"]["name"], "ockam");
  EXPECT_EQ(r["scopeSpans"][0]["spans"].size(), 2u);
}

TEST(otlp_json, ids_are_hex_times_are_text_and_kinds_are_numbers) {
  auto s = only_span(answered());
  EXPECT_EQ(s["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(s["spanId"], "00f067aa0ba902b7");
  EXPECT_EQ(s["parentSpanId"], "0000000000000001");
  EXPECT_EQ(s["traceState"], "vendor=1");
  EXPECT_EQ(s["startTimeUnixNano"], "1700000000000000000");
  EXPECT_EQ(s["endTimeUnixNano"], "1700000000001500000");
  EXPECT_EQ(s["kind"], 2);
  EXPECT_EQ(s["name"], "answer echo");
  EXPECT_TRUE(s["status"].empty());
}

TEST(otlp_json, attributes_are_those_of_the_conventions) {
  EXPECT_EQ(attributes(only_span(answered())["attributes"]),
            (std::map<std::string, std::string>{{"messaging.system", "ockam"}, {"messaging.operation.name", "answer"}, {"messaging.operation.type", "process"},
                                                {"messaging.destination.name", "0#echo"}, {"ockam.worker.address", "0#echo"}, {"ockam.worker.type", "echo"},
                                                {"ockam.link", "0#aa"}, {"network.peer.address", "10.0.0.1:4000"}, {"ockam.peer.identity", "CN=n2"}}));
}

TEST(otlp_json, what_asks_is_named_by_whom_it_asks) {
  auto s = answered();
  s.kind = span_kind::client;
  s.what = "request";
  s.next = "0#db";
  auto j = only_span(s);
  EXPECT_EQ(j["name"], "request db");
  EXPECT_EQ(attributes(j["attributes"])["messaging.destination.name"], "0#db");
  EXPECT_EQ(attributes(j["attributes"])["messaging.operation.type"], "send");
}

TEST(otlp_json, a_failure_is_an_error_with_its_reason) {
  auto s = answered();
  s.failed = drop_reason::unknown_worker;
  s.detail = "no worker";
  auto j = only_span(s);
  EXPECT_EQ(j["status"], (json{{"code", 2}, {"message", "no worker"}}));
  EXPECT_EQ(attributes(j["attributes"])["error.type"], "unknown-worker");
  s.failed = drop_reason::none;
  s.error = "timed_out";
  EXPECT_EQ(attributes(only_span(s)["attributes"])["error.type"], "timed_out");
}

TEST(otlp_json, a_root_has_no_parent_and_bytes_of_any_kind_do_no_harm) {
  auto s = answered();
  s.parent_id = {};
  s.state.clear();
  s.worker = "0#\xff\xfe";
  auto j = only_span(s);
  EXPECT_FALSE(j.contains("parentSpanId"));
  EXPECT_FALSE(j.contains("traceState"));
  EXPECT_TRUE(json::accept(otlp_json({"n\xff", "n1"}, std::span{&s, 1})));
  EXPECT_TRUE(json::accept(otlp_json({"n", "n1"}, {})));
}

TEST(otlp_json, what_a_collector_does_not_take_is_read_from_its_answer) {
  EXPECT_EQ(rejected_spans(R"({"partialSuccess":{"rejectedSpans":"7","errorMessage":"x"}})"), 7u);
  EXPECT_EQ(rejected_spans(R"({"partialSuccess":{"rejectedSpans":7}})"), 7u);
  for (auto* nothing : {"", "{}", "[]", "x", R"({"partialSuccess":{}})", R"({"partialSuccess":7})", R"({"partialSuccess":{"rejectedSpans":-1}})",
                        R"({"partialSuccess":{"rejectedSpans":"x"}})", R"({"partialSuccess":{"rejectedSpans":null}})"})
    EXPECT_EQ(rejected_spans(nothing), 0u) << nothing;
}

} // namespace
} // namespace ockam::operation
