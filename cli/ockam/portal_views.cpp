// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/portal_views.hpp"

namespace ockam::cli {

namespace {

json or_null(const std::string& text) {
  return text.empty() ? json{} : json(text);
}

void add_figures(json& j, const control::Item& i) {
  for (const char* name : {"connections", "opened", "failed", "refused", "bytes_in", "bytes_out"})
    j[name] = number_of(i, name);
  j["last_failure"] = or_null(field_of(i, "last_failure"));
}

std::string line(const std::string& name, const std::string& value) {
  return value.empty() ? value : "      " + name + ": " + value + "\n";
}

std::string figures_text(const control::Item& i) {
  auto of = [&](std::string_view name) { return field_of(i, name); };
  return line("Connections", of("connections") + " open, " + of("opened") + " so far, " + of("failed") + " failed, " + of("refused") + " refused")
         + line("Bytes", of("bytes_in") + " from TCP, " + of("bytes_out") + " to TCP") + line("Last failure", of("last_failure"));
}

} // namespace

json outlet_status(const control::Item& i) {
  auto bytes = json::array();
  for (unsigned char c : i.name())
    bytes.push_back(c);
  return {{"to", field_of(i, "to")}, {"worker_addr", {{"inner", std::move(bytes)}, {"tt", 0}}}, {"payload", nullptr}, {"privileged", false}};
}

json outlet_entry(const control::Item& i) {
  return {{"from", "/service/" + i.name()}, {"to", field_of(i, "to")}};
}

json outlet_page(const control::Item& i, const std::string& node) {
  json j{{"node_name", node}, {"worker_address", "/service/" + i.name()}, {"to", field_of(i, "to")}, {"tls", field_of(i, "tls") == "yes"}};
  add_figures(j, i);
  return j;
}

json inlet_status(const control::Item& i) {
  auto state = field_of(i, "state");
  json j{{"alias", i.name()},
         {"bind_addr", field_of(i, "from")},
         {"outlet_addr", field_of(i, "to")},
         {"outlet_route", or_null(field_of(i, "route"))},
         {"payload", nullptr},
         {"privileged", false},
         {"status", state == "up" ? "Up" : "Down"},
         {"worker_addr", state == "up" ? json(field_of(i, "worker")) : json{}},
         {"state", state},
         {"reason", or_null(field_of(i, "reason"))}};
  add_figures(j, i);
  return j;
}

std::string text_of_outlet(const control::Item& i) {
  return done_line("TCP outlet " + i.name() + "\n") + line("Address", "/service/" + i.name())
         + line("To", field_of(i, "to") + (field_of(i, "tls") == "yes" ? " over TLS" : "")) + figures_text(i);
}

std::string text_of_inlet(const control::Item& i) {
  return done_line("TCP inlet " + i.name() + " is " + field_of(i, "state") + "\n") + line("From", field_of(i, "from")) + line("To", field_of(i, "to"))
         + line("Route", field_of(i, "route")) + line("Reason", field_of(i, "reason")) + figures_text(i);
}

columns table_of_outlets(const item_list& list) {
  columns out{{"OUTLET", false, true}, {"TO", false, true}, {"CONNECTIONS", true}};
  for (const auto& i : list)
    out.add({"/service/" + i.name(), field_of(i, "to"), field_of(i, "connections")});
  return out;
}

columns table_of_inlets(const item_list& list) {
  columns out{{"INLET"}, {"FROM"}, {"TO", false, true}, {"STATE"}, {"CONNECTIONS", true}};
  for (const auto& i : list)
    out.add({i.name(), field_of(i, "from"), field_of(i, "to"), field_of(i, "state"), field_of(i, "connections")});
  return out;
}

} // namespace ockam::cli
