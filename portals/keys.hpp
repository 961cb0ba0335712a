// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/keys.hpp"
#include "runtime/core/endpoint.hpp"
#include "runtime/core/channel_parts.hpp"
#include "runtime/core/section.hpp"
#include "runtime/links/listen_address.hpp"

/// The sections of portals, `[tcp-outlet NAME]` and `[tcp-inlet NAME]`, as data: without the library, for whoever reads
/// configurations.
namespace ockam::portal {

inline constexpr std::string_view outlet_kind = "tcp-outlet", inlet_kind = "tcp-inlet";

/// `tcp://` in front changes nothing.
inline result<endpoint> parse_target(std::string_view text) {
  constexpr std::string_view scheme = "tcp://";
  if (text.starts_with(scheme))
    text.remove_prefix(scheme.size());
  return parse_endpoint(text);
}

/// Where clients connect to: `N` and `:N` are ports of this machine, 127.0.0.1.
inline result<endpoint> parse_listen(std::string_view text) {
  auto e = parse_target(text);
  if (e && e->host == "localhost")
    e->host = "127.0.0.1";
  if (e && !is_ip_literal(e->host))
    return error{errc::invalid_address, "\"" + printable(text) + "\" is not an address of this machine: a name cannot be listened on",
                 "for example 127.0.0.1:" + std::to_string(e->port)};
  return e;
}

inline result<void> check_outlet_route(const std::string& text) {
  auto m = parse_multiaddr(text);
  if (m && !m->parts.empty() && m->parts.back().protocol == multiaddr_protocol::secure)
    return error{errc::invalid_route, "the route ends in a secure channel, and at no outlet", "for example …/secure/api/service/outlet"};
  auto to = m ? to_route(without_channels(*m)) : result<route>{m.error()};
  if (!to)
    return std::move(to).error();
  if (to->empty() || !to->back().is_local())
    return error{errc::invalid_route, "the route ends at no outlet", "for example /ip4/10.0.0.2/tcp/4000/service/outlet"};
  return {};
}

/// Keys of both ends, about each of their streams.
inline constexpr std::array<key_descriptor, 7> stream_keys{{
  {.name = "dial-timeout", .type = key_type::duration, .about = "until the far end has answered, or the target", .fallback = "5s",
   .least = 100, .most = 86'400'000},
  {.name = "idle-timeout", .type = key_type::duration, .about = "end a stream that has said nothing for this long; never if not given", .fallback = "0",
   .most = 86'400'000'000},
  {.name = "stream-hold", .type = key_type::size,
   .about = "bytes that wait for a slow TCP connection, of a sender of another implementation; one of this one has a window",
   .fallback = "8MiB", .least = 128u << 10, .most = std::uint64_t{1} << 30},
  {.name = "max-streams", .type = key_type::number, .about = "connections at one time; one peer may have 15 in 16 of them", .fallback = "4096", .least = 1,
   .most = 1'000'000},
  {.name = "skip-handshake", .type = key_type::flag, .about = "do not wait for the far end before bytes flow; both ends have to agree", .fallback = "no"},
  {.name = "allow", .type = key_type::list, .about = "identifiers of whom may be at the other end, which a secure channel has proved; anybody if not given",
   .value = "IDENTIFIER", .check = &channels::check_identifiers},
  {.name = "enable-nagle", .type = key_type::flag, .about = "gather small writes to TCP", .fallback = "no"},
}};

inline constexpr std::array<key_descriptor, 3> own_outlet_keys{{
  {.name = "to", .about = "where connections go to", .value = "HOST:PORT", .example = "127.0.0.1:5432", .required = true, .check = &checked_by<parse_target>},
  {.name = "tls", .type = key_type::flag, .about = "speak TLS with the target, whose certificate has to be for its host", .fallback = "no"},
  {.name = "ca", .type = key_type::path, .about = "PEM file of whom to trust, with tls; what the system trusts if not given"},
}};
inline constexpr auto outlet_keys = joined_keys(own_outlet_keys, stream_keys);

/// Whether they fit together.
inline result<void> check_outlet_keys(const option_values& keys) {
  if (!keys.get<std::string>("ca").empty() && !keys.get<bool>("tls"))
    return error{errc::invalid_argument, "ca is for TLS, and this outlet speaks none", "add tls = yes"};
  return {};
}

inline constexpr std::array<key_descriptor, 6> own_inlet_keys{{
  {.name = "from", .about = "where clients connect to; a free port if not given", .fallback = "127.0.0.1:0", .value = "HOST:PORT", .check = &checked_by<parse_listen>},
  {.name = "to", .about = "the route to the outlet", .value = "ROUTE", .example = "/ip4/10.0.0.2/tcp/4000/service/outlet", .required = true,
   .check = &check_outlet_route},
  channel_identity_key,
  {.name = "authorized", .type = key_type::list, .about = "another word for allow: identifiers of whom may be at the other end",
   .value = "IDENTIFIER", .check = &channels::check_identifiers},
  {.name = "retry-wait", .type = key_type::duration, .about = "how often it asks for its far end while that is not there", .fallback = "1s", .least = 100,
   .most = 300'000},
  retry_key,
}};
inline constexpr auto inlet_keys = joined_keys(own_inlet_keys, stream_keys);

/// Whether they fit together.
inline result<void> check_inlet_keys(const option_values& keys) {
  if (keys.has("allow") && keys.has("authorized"))
    return error{errc::invalid_argument, "allow and authorized say the same", "keep one of them"};
  if ((keys.has("allow") || keys.has("authorized")) && keys.get<bool>("skip-handshake"))
    return error{errc::invalid_argument,
                 std::string{keys.has("allow") ? "allow" : "authorized"} + " needs the handshake: without it, bytes flow before the far end has shown who it is",
                 "leave out skip-handshake"};
  return {};
}

} // namespace ockam::portal
