// SPDX-License-Identifier: Apache-2.0
#include "runtime/node/config_changes.hpp"

#include "runtime/links/allow.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace ockam {

namespace {

bool same(const listener_config& l, const listener_config& r) {
  auto all = [](const listener_config& c) { return std::tie(c.name, c.transport, c.address, c.allow, c.options, c.retry); };
  return all(l) == all(r);
}

bool same(const connection_config& l, const connection_config& r) {
  auto all = [](const connection_config& c) {
    return std::tie(c.name, c.transport, c.address, c.allow, c.options, c.retry.least, c.retry.most, c.hold_bytes, c.hold_time);
  };
  return all(l) == all(r);
}

bool same(const service_config& l, const service_config& r) {
  return std::tie(l.name, l.type, l.options) == std::tie(r.name, r.type, r.options);
}

/// By what it means: one that writes a default out has not changed.
bool same_item(const config_section& l, const config_section& r, const keys_of_kind& keys) {
  return std::tie(l.kind, l.name) == std::tie(r.kind, r.name)
         && (l.keys == r.keys || (keys && means_the_same(keys(l.kind), l.keys, r.keys)));
}

bool same(const routing_config& l, const routing_config& r) {
  return std::tie(l.dial, l.dial_allow, l.dial_links, l.dial_idle, l.proxy) == std::tie(r.dial, r.dial_allow, r.dial_links, r.dial_idle, r.proxy);
}

/// The same but for what it admits, and whether its address is waited for: what is open goes on.
bool same_place(const listener_config& l, const listener_config& r) {
  return std::tie(l.name, l.transport, l.address, l.options) == std::tie(r.name, r.transport, r.address, r.options);
}

/// Takes out those that are in the same place.
section_changes<listener_config> take_allows(section_changes<listener_config>& all) {
  section_changes<listener_config> out;
  for (auto it = all.come.begin(); it != all.come.end();) {
    auto before = std::find_if(all.gone.begin(), all.gone.end(), [&](auto& l) { return same_place(l, *it); });
    if (before == all.gone.end()) {
      ++it;
      continue;
    }
    out.gone.push_back(std::move(*before));
    out.come.push_back(std::move(*it));
    all.gone.erase(before);
    it = all.come.erase(it);
  }
  return out;
}

/// Those of `from` that `among` has not in the same form; what is the same has the same name. There may be very many of either, and the
/// sockets wait meanwhile.
template <class Section, class Same>
std::vector<Section> missing(const std::vector<Section>& from, const std::vector<Section>& among, Same is_same) {
  std::unordered_multimap<std::string_view, const Section*> by_name;
  for (const auto& other : among)
    by_name.emplace(other.name, &other);
  std::vector<Section> out;
  std::copy_if(from.begin(), from.end(), std::back_inserter(out), [&](auto& s) {
    auto [first, last] = by_name.equal_range(s.name);
    return std::none_of(first, last, [&](auto& other) { return is_same(s, *other.second); });
  });
  return out;
}

template <class Section, class Same>
section_changes<Section> sections(const std::vector<Section>& now, const std::vector<Section>& fresh, Same is_same) {
  return {missing(now, fresh, is_same), missing(fresh, now, is_same)};
}

struct start_key {
  std::string_view name;
  bool (*differs)(const node_config&, const node_config&);
};

template <auto Member>
constexpr bool of_node(const node_config& l, const node_config& r) {
  return l.*Member != r.*Member;
}
template <auto Member>
constexpr bool of_log(const node_config& l, const node_config& r) {
  return l.log.*Member != r.log.*Member;
}
template <auto Member>
constexpr bool of_limit(const node_config& l, const node_config& r) {
  return l.limit.*Member != r.limit.*Member;
}

constexpr std::array<start_key, 24> start_keys{{
  {"name", of_node<&node_config::name>},
  {"threads", of_node<&node_config::threads>},
  {"log-file", of_log<&log_config::file>},
  {"log-format", of_log<&log_config::format>},
  {"log-max-size", of_log<&log_config::max_size>},
  {"log-max-files", of_log<&log_config::max_files>},
  {"link-budget", of_limit<&limits::link_budget>},
  {"node-budget", of_limit<&limits::node_budget>},
  {"max-frame", of_limit<&limits::max_frame>},
  {"max-connections", of_limit<&limits::max_connections>},
  {"max-relays", of_limit<&limits::max_relays>},
  {"max-relays-per-peer", of_limit<&limits::max_relays_per_peer>},
  {"max-relay-bytes", of_limit<&limits::max_relay_bytes>},
  {"max-relay-name", of_limit<&limits::max_relay_name>},
  {"stall", of_limit<&limits::stall>},
  {"least-rate", of_limit<&limits::least_rate>},
  {"write-timeout", of_limit<&limits::write_timeout>},
  {"handshake-timeout", of_limit<&limits::handshake_timeout>},
  {"frame-timeout", of_limit<&limits::frame_timeout>},
  {"connect-timeout", of_limit<&limits::connect_timeout>},
  {"watchdog", of_limit<&limits::watchdog>},
  {"log-interval", of_limit<&limits::log_interval>},
  {"control-socket", of_node<&node_config::control_socket>},
  {"[identity]", of_node<&node_config::identity>},
}};

template <class Section>
bool none_of(const section_changes<Section>& c) {
  return c.gone.empty() && c.come.empty();
}

} // namespace

bool config_changes::none() const noexcept {
  return none_of(listeners) && none_of(allows) && none_of(connections) && none_of(services) && none_of(items) && !routing && at_start.empty();
}

void resolve_allow(node_config& c) {
  for (std::size_t i = 0; i < c.listeners.size(); ++i)
    c.listeners[i].allow = or_services_if_first(std::move(c.listeners[i].allow), i == 0);
}

config_changes changes(const node_config& now, const node_config& fresh, const keys_of_kind& keys) {
  auto as_written = [](auto& l, auto& r) { return same(l, r); };
  config_changes c;
  c.listeners = sections(now.listeners, fresh.listeners, as_written);
  c.allows = take_allows(c.listeners);
  c.connections = sections(now.connections, fresh.connections, as_written);
  c.services = sections(now.services, fresh.services, as_written);
  c.items = sections(now.items, fresh.items, [&](auto& l, auto& r) { return same_item(l, r, keys); });
  c.routing = !same(now.routing, fresh.routing);
  for (const auto& key : start_keys)
    if (key.differs(now, fresh))
      c.at_start.push_back(key.name);
  return c;
}

} // namespace ockam
