// SPDX-License-Identifier: Apache-2.0
#include "operation/otlp_json.hpp"

#include "runtime/core/hex.hpp"
#include "runtime/core/version.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace ockam::operation {

namespace {

using json = nlohmann::json;
constexpr std::string_view system_name = "ockam";
constexpr int status_error = 2; ///< Status.STATUS_CODE_ERROR

void add(json& attributes, std::string_view key, std::string_view value) {
  if (!value.empty())
    attributes.push_back({{"key", key}, {"value", {{"stringValue", value}}}});
}

/// `echo` of `0#echo`.
std::string_view name_of(std::string_view address) {
  return address.starts_with("0#") ? address.substr(2) : address;
}

/// Of the messaging conventions: what was done with the message.
std::string_view operation_type(const ockam::span& s) {
  return s.kind == span_kind::client || s.kind == span_kind::producer ? "send" : "process";
}

json attributes_of(const ockam::span& s) {
  auto out = json::array();
  add(out, "messaging.system", system_name);
  add(out, "messaging.operation.name", s.what);
  add(out, "messaging.operation.type", operation_type(s));
  add(out, "messaging.destination.name", s.kind == span_kind::client ? s.next : s.worker);
  add(out, "ockam.worker.address", s.worker);
  add(out, "ockam.worker.type", s.type);
  add(out, "ockam.next", s.next);
  add(out, "ockam.link", s.link);
  add(out, "network.peer.address", s.peer);
  add(out, "ockam.peer.identity", s.identity);
  if (s.is_error())
    add(out, "error.type", s.failed != drop_reason::none ? to_string(s.failed) : std::string_view{s.error});
  return out;
}

std::string nanoseconds(std::chrono::system_clock::time_point t) {
  return std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count());
}

json of(const ockam::span& s) {
  json out{{"traceId", to_hex(s.trace_id)},
           {"spanId", to_hex(s.span_id)},
           {"name", std::string{s.what} + " " + std::string{name_of(s.kind == span_kind::client ? s.next : s.worker)}},
           {"kind", static_cast<int>(s.kind)},
           {"startTimeUnixNano", nanoseconds(s.begin)},
           {"endTimeUnixNano", nanoseconds(s.begin + std::chrono::duration_cast<std::chrono::system_clock::duration>(s.lasted))},
           {"attributes", attributes_of(s)},
           {"status", json::object()}};
  if (std::any_of(s.parent_id.begin(), s.parent_id.end(), [](auto b) { return b != std::byte{0}; }))
    out["parentSpanId"] = to_hex(s.parent_id);
  if (!s.state.empty())
    out["traceState"] = s.state;
  if (s.is_error())
    out["status"] = {{"code", status_error}, {"message", s.detail}};
  return out;
}

} // namespace

std::string otlp_json(const span_source& source, std::span<const ockam::span> spans) {
  auto resource = json::array();
  add(resource, "service.name", source.service);
  add(resource, "service.instance.id", source.node);
  add(resource, "service.version", version);
  auto list = json::array();
  for (const auto& s : spans)
    list.push_back(of(s));
  json scope{{"scope", {{"name", system_name}, {"version", version}}}, {"spans", std::move(list)}};
  json all{{"resourceSpans", json::array({{{"resource", {{"attributes", std::move(resource)}}}, {"scopeSpans", json::array({std::move(scope)})}}})}};
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::uint64_t rejected_spans(const std::string& answer) {
  auto all = json::parse(answer, nullptr, false);
  if (!all.is_object() || !all.contains("partialSuccess") || !all["partialSuccess"].is_object())
    return 0;
  auto n = all["partialSuccess"].value("rejectedSpans", json{});
  if (n.is_number_unsigned())
    return n.get<std::uint64_t>();
  std::uint64_t out = 0;
  if (n.is_string()) {
    auto text = n.get<std::string>();
    (void)std::from_chars(text.data(), text.data() + text.size(), out);
  }
  return out;
}

} // namespace ockam::operation
