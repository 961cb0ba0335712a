// SPDX-License-Identifier: Apache-2.0
#include "cli/node/sections.hpp"

#include "channels/keys.hpp"
#include "cli/node/config_keys.hpp"
#include "cli/node/config_sources.hpp"
#include "cli/node/service_section.hpp"
#include "operation/http_keys.hpp"
#include "portals/keys.hpp"
#include "relays/keys.hpp"
#include "runtime/core/units.hpp"
#include "runtime/links/listen_address.hpp"
#include "transports/list.hpp"

#include <algorithm>

namespace ockam {

namespace {

using problems = std::vector<section_problem>;

section_kind node_section() {
  return {{"node", section_name::none, "the node itself", descriptors_of(node_keys())},
          [](const section_content& s, node_config& out) {
            set_keys(node_keys(), out, s.keys);
            return problems{};
          }};
}

/// Read before sections are (config_sources.hpp).
section_kind include_section() {
  return {{std::string{include_kind}, section_name::none, "other files that belong to the configuration", {include_keys.begin(), include_keys.end()}},
          [](const section_content&, node_config&) { return problems{}; }};
}

section_kind routing_section() {
  return {{"routing", section_name::none, "routes that name other nodes", descriptors_of(routing_keys())},
          [](const section_content& s, node_config& out) {
            set_keys(routing_keys(), out, s.keys);
            return problems{};
          }};
}

section_kind identity_section() {
  return {{"identity", section_name::none, "who the node is, and where its keys are", descriptors_of(identity_keys())},
          [](const section_content& s, node_config& out) {
            set_keys(identity_keys(), out, s.keys);
            problems wrong;
            if (!out.identity.passphrase_file.empty() && !out.identity.passphrase_credential.empty())
              wrong.push_back({"passphrase-credential", "[identity] has two passphrases", "either passphrase-file or passphrase-credential"});
            return wrong;
          }};
}

section_kind tracing_section() {
  return {{"tracing", section_name::none, "spans of traces, for a collector", descriptors_of(tracing_keys())},
          [](const section_content& s, node_config& out) {
            set_keys(tracing_keys(), out, s.keys);
            problems wrong;
            if (out.tracing.batch > out.tracing.queue)
              wrong.push_back({"batch", "[tracing] has a batch above its queue", "the defaults are 512 and 2048"});
            if (!out.tracing.ca.empty() && !out.tracing.otlp.starts_with("https://"))
              wrong.push_back({"ca", "[tracing] has a ca for a collector without TLS", "otlp = https://…"});
            return wrong;
          }};
}

section_kind service_section() {
  return {{"service", section_name::address, "a worker that answers messages", service_keys(), "type", true},
          [](const section_content& s, node_config& out) {
            service_config made;
            auto wrong = read_service_section(s.name, s.keys, s.types, s.directory, made);
            out.services.push_back(std::move(made));
            return wrong;
          }};
}

constexpr std::string_view address_name = "address", allow_name = "allow";

/// The keys of one end of a transport: its address, those that it alone has, and those of every such end.
std::vector<key_descriptor> endpoint_keys(const transport_descriptor& t, const endpoint_descriptor& end) {
  std::vector<key_descriptor> keys{end.address};
  keys.front().example = t.example;
  keys.insert(keys.end(), end.keys.begin(), end.keys.end());
  keys.push_back({.name = allow_name, .type = key_type::list,
                  .about = "workers that peers may reach through it; "
                           "`services` stands for echo, uppercase and what was started by name"});
  return keys;
}

std::string text_or_empty(const option_texts& keys, std::string_view key) {
  auto it = keys.find(std::string{key});
  return it == keys.end() ? std::string{} : it->second;
}

bool says_retry(const option_texts& keys) {
  auto retry = read_value(retry_key, text_or_empty(keys, retry_key.name));
  return !retry || std::get<bool>(*retry);
}

option_texts only(std::span<const key_descriptor> wanted, const option_texts& keys) {
  option_texts out;
  for (const auto& [key, text] : keys)
    if (find_key(wanted, key))
      out.emplace(key, text);
  return out;
}

section_kind listener_section(const transport_descriptor& t) {
  auto keys = endpoint_keys(t, t.listener);
  if (!t.is_path()) // over IP
    keys.push_back(retry_key);
  return {{std::string{t.name} + "-listener", section_name::label, t.listener.about, std::move(keys), address_name},
          [&t](const section_content& s, node_config& out) {
            out.listeners.push_back({s.name, std::string{t.name}, text_or_empty(s.keys, address_name),
                                     split_list(text_or_empty(s.keys, allow_name)), only(t.listener.keys, s.keys),
                                     says_retry(s.keys)});
            return problems{};
          }};
}

section_kind connection_section(const transport_descriptor& t) {
  auto keys = endpoint_keys(t, t.connection);
  for (auto& k : descriptors_of(connection_keys()))
    keys.push_back(k);
  return {{std::string{t.name} + "-connection", section_name::address, t.connection.about, std::move(keys), address_name},
          [&t](const section_content& s, node_config& out) {
            connection_config c{s.name, std::string{t.name}, text_or_empty(s.keys, address_name),
                                split_list(text_or_empty(s.keys, allow_name)), only(t.connection.keys, s.keys)};
            set_keys(connection_keys(), c, s.keys);
            problems wrong;
            if (c.retry.most < c.retry.least)
              wrong.push_back({{}, "[" + c.transport + "-connection " + c.name + "] has a retry-max below its retry-min",
                               "the defaults are 200ms and 1s"});
            out.connections.push_back(std::move(c));
            return wrong;
          }};
}

/// Of a facility, which reads its keys itself.
template <std::size_t N>
section_kind item_section(std::string_view kind, section_name name, std::string_view about, const std::array<key_descriptor, N>& keys,
                          std::string_view main_key, result<void> (*check_keys)(const option_values&) = nullptr,
                          result<void> (*check_name)(const std::string&) = nullptr) {
  return {{std::string{kind}, name, about, {keys.begin(), keys.end()}, main_key},
          [kind, check_name, check_keys, &keys](const section_content& s, node_config& out) {
            problems wrong;
            if (auto ok = check_name ? check_name(s.name) : result<void>{}; !ok)
              wrong.push_back({{}, ok.error().cause, ok.error().hint});
            auto values = option_values::read(keys, s.keys); // what is wrong with one alone has been said
            if (auto ok = check_keys && values ? check_keys(*values) : result<void>{}; !ok)
              wrong.push_back({{}, "[" + std::string{kind} + " " + s.name + "]: " + ok.error().cause, ok.error().hint});
            // What others name begins before them, wherever it stands.
            out.items.insert(kind == channels::identity_kind ? out.items.begin() : out.items.end(), {std::string{kind}, s.name, s.keys});
            return wrong;
          }};
}

section_kind http_section() {
  return {{std::string{operation::http_kind}, section_name::none, "answers to HTTP requests: health, metrics and a page",
           {operation::http_keys.begin(), operation::http_keys.end()}},
          [](const section_content& s, node_config& out) {
            auto text = [&](std::string_view key) { return text_or_empty(s.keys, key); };
            out.http = {text("address"), text("token-file"), text("certificate"), text("key"), text("ca"), says_retry(s.keys)};
            problems wrong;
            if (out.http.token_file.empty() && out.http.ca.empty() && operation::needs_token(out.http.address)) {
              auto e = operation::token_missing(out.http.address);
              wrong.push_back({{}, e.cause, e.hint});
            }
            if (out.http.certificate.empty() != out.http.key.empty() || (out.http.certificate.empty() && !out.http.ca.empty()))
              wrong.push_back({out.http.certificate.empty() ? "" : "certificate", "[http] needs both certificate and key to speak TLS", "without them, and without ca, it does not"});
            return wrong;
          }};
}

} // namespace

const std::vector<section_kind>& section_kinds() {
  static const auto kinds = [] {
    std::vector<section_kind> all{node_section(), include_section(), routing_section(), identity_section()};
    for (const auto& t : transport_descriptors) {
      all.push_back(listener_section(t));
      all.push_back(connection_section(t));
    }
    all.push_back(item_section(channels::identity_kind, section_name::label, "another identity of the node, for channels that name it", channels::identity_keys, {},
                               &channels::check_identity_keys));
    all.push_back(item_section(channels::listener_kind, section_name::address, "where secure channels of others begin", channels::listener_keys, {}));
    all.push_back(item_section(channels::channel_kind, section_name::address, "a secure channel to another node", channels::channel_keys, "to"));
    all.push_back(item_section(portal::outlet_kind, section_name::address, "TCP connections to a target, for inlets of other nodes",
                               portal::outlet_keys, "to", &portal::check_outlet_keys));
    all.push_back(item_section(portal::inlet_kind, section_name::label, "a port whose TCP connections go to an outlet", portal::inlet_keys, "to",
                               &portal::check_inlet_keys));
    all.push_back(service_section());
    all.push_back(item_section(relay_kind, section_name::label, "a name at another node, by which others reach this one", relay_keys, {},
                               &check_relay_keys, &check_typed_relay_name));
    all.push_back(http_section());
    all.push_back(tracing_section());
    return all;
  }();
  return kinds;
}

const section_kind* find_section_kind(std::string_view kind) {
  const auto& all = section_kinds();
  auto it = std::find_if(all.begin(), all.end(), [&](auto& k) { return k.what.kind == kind; });
  return it == all.end() ? nullptr : &*it;
}

bool has_short_form(const section_descriptor& d) {
  return !d.main_key.empty() && !d.open;
}

} // namespace ockam
