// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/channel_views.hpp"

#include "cli/ockam/portal_views.hpp"
#include "runtime/core/units.hpp"

namespace ockam::cli {

namespace {

json or_null(const std::string& text) { return text.empty() ? json{} : json(text); }

json list_or_null(const std::string& text) {
  if (text.empty())
    return {};
  auto out = json::array();
  for (auto& one : split_list(text))
    out.push_back(std::move(one));
  return out;
}

std::string line(const std::string& name, const std::string& value) { return value.empty() ? value : "      " + name + ": " + value + "\n"; }

} // namespace

json channel_view(const control::Item& i) {
  json j{{"address", "/service/" + i.name()},
         {"authorized_identifiers", list_or_null(field_of(i, "authorized"))},
         {"flow_control_id", or_null(field_of(i, "flow_control_id"))},
         {"identifier", field_of(i, "identifier")},
         {"route", or_null(field_of(i, "route"))},
         {"their_change_history", or_null(field_of(i, "their_change_history"))},
         {"their_identifier", or_null(field_of(i, "their_identifier"))},
         {"to", field_of(i, "to")},
         {"state", field_of(i, "state")},
         {"their_credentials", or_null(field_of(i, "their_credentials"))},
         {"reason", or_null(field_of(i, "reason"))},
         {"reason_code", or_null(field_of(i, "reason_code"))}};
  for (const char* name : {"openings", "sent", "received", "not_opened"})
    j[name] = number_of(i, name);
  return j;
}

std::string text_of_channel(const control::Item& i) {
  return done_line("Secure channel /service/" + i.name() + " is " + field_of(i, "state") + "\n") + line("To", field_of(i, "to"))
         + line("Identifier", field_of(i, "identifier")) + line("Their identifier", field_of(i, "their_identifier"))
         + line("Their credentials", field_of(i, "their_credentials")) + line("Authorized", field_of(i, "authorized"))
         + line("Route", field_of(i, "route")) + line("Reason", field_of(i, "reason"))
         + line("Messages", field_of(i, "sent") + " sent, " + field_of(i, "received") + " received, " + field_of(i, "not_opened") + " that did not open");
}

columns table_of_channels(const google::protobuf::RepeatedPtrField<control::Item>& list) {
  columns out{{"CHANNEL", false, true}, {"TO", false, true}, {"STATE"}, {"THEIR IDENTIFIER", false, true}};
  for (const auto& i : list)
    out.add({"/service/" + i.name(), field_of(i, "to"), field_of(i, "state"), field_of(i, "their_identifier")});
  return out;
}

columns table_of_channel_listeners(const google::protobuf::RepeatedPtrField<control::Item>& list) {
  columns out{{"LISTENER"}, {"AUTHORIZED", false, true}, {"ALLOW", false, true}, {"CHANNELS", true}};
  for (const auto& i : list) {
    auto authorized = field_of(i, "authorized");
    out.add({"/service/" + i.name(), authorized.empty() ? "anybody" : authorized, field_of(i, "allow"), std::to_string(number_of(i, "channels"))});
  }
  return out;
}

json channel_listener_view(const control::Item& i) {
  json j{{"address", "/service/" + i.name()},
         {"identifier", field_of(i, "identifier")},
         {"authorized_identifiers", list_or_null(field_of(i, "authorized"))},
         {"allow", list_or_null(field_of(i, "allow"))},
         {"flow_control_id", field_of(i, "flow_control_id")}};
  for (const char* name : {"channels", "half_open", "opened", "refused", "turned_away"})
    j[name] = number_of(i, name);
  return j;
}

std::string text_of_channel_listener(const control::Item& i) {
  return done_line("Secure channel listener /service/" + i.name() + "\n") + line("Identifier", field_of(i, "identifier"))
         + line("Authorized", field_of(i, "authorized")) + line("Allow", field_of(i, "allow"))
         + line("Channels", field_of(i, "channels") + " open, " + field_of(i, "half_open") + " half-open, " + field_of(i, "opened") + " so far, "
                              + field_of(i, "refused") + " refused, " + field_of(i, "turned_away") + " turned away");
}

json channel_listener_status(const control::Item& i) {
  auto inner = json::array();
  for (auto c : i.name())
    inner.push_back(static_cast<unsigned char>(c));
  return {{"address", {{"inner", std::move(inner)}, {"tt", 0}}}, {"flow_control_id", field_of(i, "flow_control_id")}, {"is_key_exchange_only", false}};
}

} // namespace ockam::cli
