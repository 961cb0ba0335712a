// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_keys.hpp"

#include "channels/keys.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/endpoint.hpp"
#include "runtime/core/multiaddr.hpp"
#include "runtime/core/otlp_address.hpp"
#include "runtime/core/proxy_address.hpp"
#include "runtime/core/units.hpp"

#include <array>

namespace ockam {

namespace {

using type = key_type;

void assign(std::string& field, const key_value& v) {
  field = std::get<std::string>(v);
}

void assign(std::size_t& field, const key_value& v) {
  field = static_cast<std::size_t>(std::get<std::uint64_t>(v));
}

void assign(std::chrono::milliseconds& field, const key_value& v) {
  field = std::get<std::chrono::milliseconds>(v);
}

key_value value_of(const std::string& field) {
  return field;
}

key_value value_of(std::size_t field) {
  return std::uint64_t{field};
}

key_value value_of(std::chrono::milliseconds field) {
  return field;
}

/// Sets the field that the path of members leads to.
template <class Config, auto... Path>
void put(Config& c, const key_value& v) {
  assign((c.*....*Path), v);
}

template <class Config, auto... Path>
key_value take(const Config& c) {
  return value_of((c.*....*Path));
}

template <class Config, auto... Path>
constexpr config_field<Config> field_at{&put<Config, Path...>, &take<Config, Path...>};
template <auto... Path>
constexpr auto node_field = field_at<node_config, Path...>;
template <auto... Path>
constexpr auto limit_field = field_at<node_config, &node_config::limit, Path...>;
template <auto... Path>
constexpr auto log_field = field_at<node_config, &node_config::log, Path...>;
template <auto... Path>
constexpr auto routing_field = field_at<node_config, &node_config::routing, Path...>;
template <auto... Path>
constexpr auto tracing_field = field_at<node_config, &node_config::tracing, Path...>;
template <auto... Path>
constexpr auto connection_field = field_at<connection_config, Path...>;

/// HOST:PORT stands for TCP.
result<address> parse_peer(const std::string& text) {
  if (text.find('/') == std::string::npos) {
    auto e = parse_endpoint(text);
    if (!e)
      return std::move(e).error();
    return address{transport_type::tcp, to_string(*e)};
  }
  auto m = parse_multiaddr(text);
  auto to = m ? to_route(*m) : result<route>{m.error()};
  if (!to)
    return std::move(to).error();
  if (to->size() != 1 || to->front().is_local())
    return error{errc::invalid_argument, "\"" + printable(text) + "\" is not the address of one peer",
                 "for example 10.0.0.1:4000"};
  return to->front();
}

result<void> check_peers(const std::string& text) {
  for (const auto& item : split_list(text))
    if (auto ok = parse_peer(item); !ok)
      return std::move(ok).error();
  return {};
}

void set_dial_allow(node_config& n, const key_value& v) {
  n.routing.dial_allow.clear();
  for (const auto& item : std::get<std::vector<std::string>>(v))
    if (auto peer = parse_peer(item))
      n.routing.dial_allow.push_back(*std::move(peer));
}

key_value dial_allow(const node_config& n) {
  std::vector<std::string> out;
  for (const auto& peer : n.routing.dial_allow)
    out.push_back(peer.type == transport_type::tcp ? peer.name : to_string(peer));
  return out;
}

key_value dial(const node_config& n) {
  return std::string{n.routing.dial == dial_policy::never ? "never" : n.routing.dial == dial_policy::any ? "any" : "listed"};
}

void set_dial(node_config& n, const key_value& v) {
  const auto& policy = std::get<std::string>(v);
  n.routing.dial = policy == "never" ? dial_policy::never : policy == "any" ? dial_policy::any : dial_policy::listed;
}

result<otlp_address> parse_otlp_address_of(const std::string& text) {
  return parse_otlp_address(text);
}

result<double> parse_ratio_of(const std::string& text) {
  return parse_ratio(text);
}

constexpr std::array<std::string_view, 6> levels{"trace", "debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 2> formats{"text", "json"};
constexpr std::array<std::string_view, 3> policies{"never", "listed", "any"};
constexpr std::uint64_t kib = 1u << 10, mib = 1u << 20, gib = 1u << 30;

constexpr key_descriptor number(std::string_view name, std::string_view about, std::string_view fallback, std::uint64_t least,
                                std::uint64_t most) {
  return {.name = name, .type = type::number, .about = about, .fallback = fallback, .least = least, .most = most};
}

constexpr key_descriptor size(std::string_view name, std::string_view about, std::string_view fallback, std::uint64_t least,
                              std::uint64_t most) {
  return {.name = name, .type = type::size, .about = about, .fallback = fallback, .least = least, .most = most};
}

constexpr key_descriptor duration(std::string_view name, std::string_view about, std::string_view fallback, std::uint64_t least = 10) {
  constexpr std::uint64_t most = 86'400'000; // a day
  return {.name = name, .type = type::duration, .about = about, .fallback = fallback, .least = least, .most = most};
}

constexpr std::array<node_key, 25> node_list{{
  {{.name = "name", .about = "name of the node", .value = "NAME"}, node_field<&node_config::name>},
  {number("threads", "threads of the pool; a call that takes longer than 20 ms has one beside them", "2", 1, 256), node_field<&node_config::threads>},
  {{.name = "log-level", .type = type::choice, .about = "what is logged", .fallback = "info", .words = levels, .value = "LEVEL"},
   log_field<&log_config::level>},
  {{.name = "log-file", .type = type::path, .about = "log there instead of standard error"}, log_field<&log_config::file>},
  {{.name = "log-format", .type = type::choice, .about = "form of the log, json is one object a line", .fallback = "text", .words = formats,
    .value = "FORMAT"}, log_field<&log_config::format>},
  {size("log-max-size", "rotate the log file at this size", "10MiB", 4 * kib, 64 * gib), log_field<&log_config::max_size>},
  {number("log-max-files", "rotated log files that are kept", "3", 1, 1000), log_field<&log_config::max_files>},
  {number("max-connections", "connections of all listeners together", "4096", 1, 1'000'000),
   limit_field<&limits::max_connections>},
  {number("max-relays", "relays that other nodes may have here; the peers of one listener have at most 15 times what they leave for others", "4096", 1, 100'000), limit_field<&limits::max_relays>},
  {number("max-relays-per-peer", "of these by one peer", "256", 1, 100'000), limit_field<&limits::max_relays_per_peer>},
  {size("max-relay-bytes", "bytes that one relay may have under way here; over it, who sends to it waits", "64MiB", 64 * kib, 1024 * gib),
   limit_field<&limits::max_relay_bytes>},
  {number("max-relay-name", "bytes of a relay's name", "255", 1, 1000), limit_field<&limits::max_relay_name>},
  {size("link-budget", "bytes that one link may have under way", "1MiB", 16 * kib, 16 * gib), limit_field<&limits::link_budget>},
  {size("node-budget", "the same for the whole node", "256MiB", mib, 1024 * gib), limit_field<&limits::node_budget>},
  {size("max-frame", "largest message on the wire", "16MiB", kib, 16 * mib), limit_field<&limits::max_frame>},
  {duration("stall", "drop what waits this long for a link that does not move", "2s"), limit_field<&limits::stall>},
  {size("least-rate", "bytes a second that a link must take, over 10 s, while it holds up others; or it counts as one that does not move",
        "4KiB", 1, gib), limit_field<&limits::least_rate>},
  {duration("write-timeout", "close a link whose peer reads nothing for this long", "30s"),
   limit_field<&limits::write_timeout>},
  {duration("handshake-timeout", "a peer has to say hello within this time", "10s"),
   limit_field<&limits::handshake_timeout>},
  {duration("frame-timeout", "a frame has to be whole this long after its first byte", "10s"),
   limit_field<&limits::frame_timeout>},
  {duration("connect-timeout", "give up a connect after this time", "10s"), limit_field<&limits::connect_timeout>},
  {duration("watchdog", "name a service that does not return for this long in the log", "5s"),
   limit_field<&limits::watchdog>},
  {duration("log-interval", "lines about the same bad input at most this often", "1s"), limit_field<&limits::log_interval>},
  {duration("stop-grace", "when the node is to stop, what is under way may take this long", "5s", 0), node_field<&node_config::stop_grace>},
  {{.name = "control-socket", .type = type::path, .about = "Unix socket for the command line; below OCKAM_HOME if not given",
    .value = "PATH"}, node_field<&node_config::control_socket>},
}};

constexpr std::array<node_key, 5> routing_list{{
  {{.name = "dial", .type = type::choice, .about = "peers to connect to when a message of others names them", .fallback = "listed",
    .words = policies, .value = "WHOM"}, {&set_dial, &dial}},
  {{.name = "dial-allow", .type = type::list, .about = "such peers, beside those of its connections: HOST:PORT or /ip4/…/tcp/…",
    .check = &check_peers}, {&set_dial_allow, &dial_allow}},
  {number("dial-links", "links made for routes at one time", "64", 1, 4096), routing_field<&routing_config::dial_links>},
  {duration("dial-idle", "close one that carried nothing for this long", "1m"), routing_field<&routing_config::dial_idle>},
  {{.name = "proxy", .about = "links over tcp, ws and caf that routes or relays have made go by way of it; values as of tcp-connection",
    .fallback = "none", .value = "URL", .check = &check_proxy}, routing_field<&routing_config::proxy>},
}};

constexpr std::array<node_key, 6> identity_list{{
  {{.name = "vault", .type = type::path, .about = "file of the keys, of mode 0600; made at the first start", .example = "node.vault", .required = true},
   node_field<&node_config::identity, &identity_config::vault>},
  {{.name = "history", .type = type::path,
    .about = "file of the change history, in hex, of mode 0600; without it the node makes a new identity for itself", .example = "node.identity",
    .required = true}, node_field<&node_config::identity, &identity_config::history>},
  {channels::passphrase_file_key, node_field<&node_config::identity, &identity_config::passphrase_file>},
  {channels::passphrase_credential_key, node_field<&node_config::identity, &identity_config::passphrase_credential>},
  {channels::credential_file_key, node_field<&node_config::identity, &identity_config::credential_file>},
  {{.name = "known-identities", .type = type::path,
    .about = "file of identities that have shown a changed key, so that an old one counts no more; below OCKAM_HOME if not given"},
   node_field<&node_config::identity, &identity_config::known_identities>},
}};

constexpr std::array<node_key, 7> tracing_list{{
  {{.name = "otlp", .about = "collector that spans of traces are sent to, as OTLP over HTTP with JSON", .value = "URL",
    .example = "http://127.0.0.1:4318/v1/traces", .required = true, .check = &checked_by<&parse_otlp_address_of>}, tracing_field<&tracing_config::otlp>},
  {{.name = "ca", .type = type::path, .about = "PEM file of who vouches for the collector's certificate; whom the system trusts if not given"},
   tracing_field<&tracing_config::ca>},
  {{.name = "service-name", .about = "name that spans are shown under; that of the node if not given", .most = 256, .value = "NAME"},
   tracing_field<&tracing_config::service_name>},
  {{.name = "sample", .about = "how many of the traces that begin in this node are sampled, 0 to 1; others say it themselves", .fallback = "1",
    .value = "RATIO", .check = &checked_by<&parse_ratio_of>}, tracing_field<&tracing_config::sample>},
  {number("queue", "spans that may wait to be sent; over it they are lost", "2048", 1, 65'536), tracing_field<&tracing_config::queue>},
  {number("batch", "spans of one request at most", "512", 1, 4'096), tracing_field<&tracing_config::batch>},
  {duration("interval", "spans wait this long for others at most", "1s"), tracing_field<&tracing_config::interval>},
}};

constexpr std::array<connection_key, 4> connection_list{{
  {duration("retry-min", "try again after this time, then after longer ones", "200ms"),
   connection_field<&connection_config::retry, &retry_range::least>},
  {duration("retry-max", "the longest of them", "1s"), connection_field<&connection_config::retry, &retry_range::most>},
  {size("hold-bytes", "messages that are kept while there is no link", "0", 0, gib),
   connection_field<&connection_config::hold_bytes>},
  {duration("hold-time", "for so long", "10s"), connection_field<&connection_config::hold_time>},
}};

} // namespace

std::string value_text(const key_descriptor& k, const key_value& v) {
  if (const auto* text = std::get_if<std::string>(&v))
    return *text;
  if (const auto* n = std::get_if<std::uint64_t>(&v))
    return k.type == key_type::size ? size_text(*n) : std::to_string(*n);
  if (const auto* d = std::get_if<std::chrono::milliseconds>(&v))
    return d->count() == 0 && !k.words.empty() ? std::string{k.words.front()} : to_string(*d);
  if (const auto* flag = std::get_if<bool>(&v))
    return *flag ? "yes" : "no";
  std::string out;
  for (const auto& item : std::get<std::vector<std::string>>(v))
    out += (out.empty() ? "" : ", ") + item;
  return out;
}

std::span<const node_key> node_keys() {
  return node_list;
}

std::span<const node_key> routing_keys() {
  return routing_list;
}

std::span<const node_key> identity_keys() {
  return identity_list;
}

std::span<const node_key> tracing_keys() {
  return tracing_list;
}

std::span<const connection_key> connection_keys() {
  return connection_list;
}

} // namespace ockam
