// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_keys.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/endpoint.hpp"
#include "runtime/core/multiaddr.hpp"
#include "runtime/core/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace ockam {

namespace {

error wrong(std::string cause) {
  return {errc::invalid_config, std::move(cause), {}};
}

result<void> number(std::size_t& out, const std::string& text, std::size_t least, std::size_t most) {
  std::size_t n = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size() || n < least || n > most)
    return wrong("\"" + printable(text) + "\" is not a number from " + std::to_string(least) + " to " + std::to_string(most));
  out = n;
  return {};
}

result<void> size(std::size_t& out, const std::string& text, std::size_t least, std::size_t most) {
  auto n = parse_size(text);
  if (!n)
    return wrong(n.error().cause + ", " + n.error().hint);
  if (*n < least || *n > most)
    return wrong(printable(text) + " is not between " + size_text(least) + " and " + size_text(most));
  out = static_cast<std::size_t>(*n);
  return {};
}

result<void> duration(std::chrono::milliseconds& out, const std::string& text) {
  auto d = parse_duration(text);
  if (!d)
    return wrong(d.error().cause + ", " + d.error().hint);
  constexpr std::chrono::milliseconds least{10}, most = std::chrono::hours{24};
  if (*d < least || *d > most)
    return wrong(printable(text) + " is not between 10ms and 1d");
  out = *d;
  return {};
}

template <auto Member>
result<void> duration(node_config& c, const std::string& text) {
  return duration(c.limit.*Member, text);
}

result<void> one_of(std::string& out, const std::string& text, std::span<const std::string_view> values) {
  if (std::find(values.begin(), values.end(), text) == values.end()) {
    std::string list;
    for (auto v : values)
      list += (list.empty() ? "" : ", ") + std::string{v};
    return wrong("\"" + printable(text) + "\" is not one of: " + list);
  }
  out = text;
  return {};
}

result<void> dial(routing_config& r, const std::string& text) {
  constexpr std::array<std::string_view, 3> policies{"never", "listed", "any"};
  std::string policy;
  auto ok = one_of(policy, text, policies);
  if (ok)
    r.dial = policy == "never" ? dial_policy::never : policy == "any" ? dial_policy::any : dial_policy::listed;
  return ok;
}

result<void> dial_allow(routing_config& r, const std::string& text) {
  r.dial_allow.clear();
  for (const auto& item : split_list(text)) {
    if (item.find('/') == std::string::npos) {
      auto e = parse_endpoint(item);
      if (!e)
        return wrong(e.error().cause);
      r.dial_allow.emplace_back(transport_type::tcp, to_string(*e));
      continue;
    }
    auto m = parse_multiaddr(item);
    auto to = m ? to_route(*m) : result<route>{m.error()};
    if (!to)
      return wrong(to.error().cause);
    if (to->size() != 1 || to->front().is_local())
      return wrong("\"" + printable(item) + "\" is not the address of one peer");
    r.dial_allow.push_back(to->front());
  }
  return {};
}

constexpr std::array<std::string_view, 6> levels{"trace", "debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 2> formats{"text", "json"};
constexpr std::size_t gib = std::size_t{1} << 30;

using c = node_config;
using s = const std::string;
const std::array<node_key, 19> keys{{
  {"name", "NAME", "name of the node", [](c& n, s& t) { n.name = t; return result<void>{}; }},
  {"threads", "N", "threads of the pool (2)", [](c& n, s& t) { return number(n.threads, t, 1, 256); }},
  {"log-level", "LEVEL", "trace, debug, info, warn, error or off (info)", [](c& n, s& t) { return one_of(n.log.level, t, levels); }},
  {"log-file", "FILE", "log there instead of standard error", [](c& n, s& t) { n.log.file = t; return result<void>{}; }},
  {"log-format", "FORMAT", "text or json, one object a line (text)", [](c& n, s& t) { return one_of(n.log.format, t, formats); }},
  {"log-max-size", "SIZE", "rotate the log file at this size (10MiB)", [](c& n, s& t) { return size(n.log.max_size, t, 4096, 64 * gib); }},
  {"log-max-files", "N", "rotated log files that are kept (3)", [](c& n, s& t) { return number(n.log.max_files, t, 1, 1000); }},
  {"max-connections", "N", "connections of all listeners together (4096)", [](c& n, s& t) { return number(n.limit.max_connections, t, 1, 1'000'000); }},
  {"link-budget", "SIZE", "bytes that one link may have under way (1MiB)", [](c& n, s& t) { return size(n.limit.link_budget, t, 16384, 16 * gib); }},
  {"node-budget", "SIZE", "the same for the whole node (256MiB)", [](c& n, s& t) { return size(n.limit.node_budget, t, 1u << 20, 1024 * gib); }},
  {"max-frame", "SIZE", "largest message on the wire (16MiB)", [](c& n, s& t) { return size(n.limit.max_frame, t, 1024, 16u << 20); }},
  {"stall", "DURATION", "drop what waits this long for a link that does not move (2s)", &duration<&limits::stall>},
  {"write-timeout", "DURATION", "close a link whose peer reads nothing for this long (30s)", &duration<&limits::write_timeout>},
  {"handshake-timeout", "DURATION", "a peer has to say hello within this time (10s)", &duration<&limits::handshake_timeout>},
  {"frame-timeout", "DURATION", "a frame has to be whole this long after its first byte (10s)", &duration<&limits::frame_timeout>},
  {"connect-timeout", "DURATION", "give up a connect after this time (10s)", &duration<&limits::connect_timeout>},
  {"watchdog", "DURATION", "name a service that does not return for this long in the log (5s)", &duration<&limits::watchdog>},
  {"log-interval", "DURATION", "lines about the same bad input at most this often (1s)", &duration<&limits::log_interval>},
  {"control-socket", "PATH", "Unix socket for the command line (below OCKAM_HOME)", [](c& n, s& t) { n.control_socket = t; return result<void>{}; }},
}};

} // namespace

std::span<const node_key> node_keys() {
  return keys;
}

std::span<const node_key> routing_keys() {
  static const std::array<node_key, 4> list{{
    {"dial", "WHOM", "never, listed or any: peers to connect to when a message of others names them (listed)", [](c& n, s& t) { return dial(n.routing, t); }},
    {"dial-allow", "LIST", "such peers, beside those of its connections: HOST:PORT or /ip4/…/tcp/…", [](c& n, s& t) { return dial_allow(n.routing, t); }},
    {"dial-links", "N", "links made for routes at one time (64)", [](c& n, s& t) { return number(n.routing.dial_links, t, 1, 4096); }},
    {"dial-idle", "DURATION", "close one that carried nothing for this long (1m)", [](c& n, s& t) { return duration(n.routing.dial_idle, t); }},
  }};
  return list;
}

std::span<const connection_key> connection_keys() {
  using k = connection_config;
  static const std::array<connection_key, 4> list{{
    {"retry-min", [](k& n, s& t) { return duration(n.retry.least, t); }},
    {"retry-max", [](k& n, s& t) { return duration(n.retry.most, t); }},
    {"hold-bytes", [](k& n, s& t) { return size(n.hold_bytes, t, 0, gib); }},
    {"hold-time", [](k& n, s& t) { return duration(n.hold_time, t); }},
  }};
  return list;
}

} // namespace ockam
