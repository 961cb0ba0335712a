// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/relay_views.hpp"

#include "cli/ockam/views.hpp"

namespace ockam::cli {

namespace {

json or_null(const std::string& text, const std::string& before = {}) {
  return text.empty() ? json{} : json(before + text);
}

/// The reference knows up and down.
json common_view(const control::Item& i) {
  auto state = field_of(i, "state");
  return {{"connection_status", state == "up" ? "Up" : "Down"}, {"name", i.name()}, {"state", state}, {"since_ms", number_of(i, "since_ms")},
          {"registrations", number_of(i, "registrations")}, {"last_failure", or_null(field_of(i, "reason"))}};
}

std::string line(const std::string& name, const std::string& value) {
  return value.empty() ? value : "      " + name + ": " + value + "\n";
}

} // namespace

json relay_entry(const control::Item& i) {
  auto j = common_view(i);
  j.update({{"destination_address", field_of(i, "at")}, {"flow_control_id", or_null(field_of(i, "flow_control_id"))},
            {"forwarding_route", or_null(field_of(i, "forwarding_route"))}, {"remote_address", or_null(field_of(i, "remote_address"))},
            {"worker_address", or_null(field_of(i, "worker_address"), "0#")}});
  return j;
}

json relay_page(const control::Item& i) {
  auto j = common_view(i);
  j.update({{"destination", field_of(i, "at")}, {"relay_route", or_null(field_of(i, "forwarding_route"))},
            {"remote_address", or_null(field_of(i, "remote_address"), "/service/")},
            {"worker_address", or_null(field_of(i, "worker_address"), "/service/")}});
  return j;
}

columns table_of_relays(const item_list& list) {
  columns out{{"RELAY", false, true}, {"AT"}, {"STATE"}, {"SEND TO, THERE"}};
  for (const auto& i : list) {
    auto remote = field_of(i, "remote_address");
    out.add({i.name(), field_of(i, "at"), field_of(i, "state"), remote.empty() ? "" : "/service/" + remote});
  }
  return out;
}

std::string text_of_relay(const control::Item& i) {
  auto remote = field_of(i, "remote_address");
  return done_line("Relay " + i.name() + " is " + field_of(i, "state") + ", for " + uptime_text(number_of(i, "since_ms")) + "\n")
         + line("At", field_of(i, "at")) + line("Reason", field_of(i, "reason")) + line("Send to, there", remote.empty() ? "" : "/service/" + remote)
         + line("Route", field_of(i, "forwarding_route")) + line("Kept by", field_of(i, "worker_address"))
         + line("Flow Control Id", field_of(i, "flow_control_id")) + line("Registered", field_of(i, "registrations") + " times");
}

} // namespace ockam::cli
