// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/authorized.hpp"
#include "runtime/core/channel_parts.hpp"
#include "runtime/core/multiaddr.hpp"
#include "runtime/core/section.hpp"

#include <array>
#include <string>
#include <string_view>

/// The section of relays, `[relay NAME]`, and the names that they may have, as data: without the library, for whoever
/// reads configurations. Plain code; any thread.
namespace ockam {

inline constexpr std::string_view relay_kind = "relay";

/// Whether a relay may have this name: printable, and without `#`, which the reference takes for the end of a
/// transport's number in an address. Error: `invalid_argument`.
inline result<void> check_relay_name(std::string_view name) {
  if (printable(name) != name || name.find('#') != std::string_view::npos)
    return error{errc::invalid_argument, "a relay's name has no control characters and no #", {}};
  return {};
}

/// The same for one that is typed: it has to fit into a route, behind `/service/`.
inline result<void> check_typed_relay_name(const std::string& name) {
  constexpr std::size_t most = 255;
  if (name.size() > most)
    return error{errc::invalid_argument, "a relay's name has at most " + std::to_string(most) + " bytes", {}};
  if (name.find('/') != std::string::npos)
    return error{errc::invalid_argument, "a relay's name has no /", "it is a part of routes: /service/forward_to_NAME"};
  return check_relay_name(name);
}

/// The route to a node that has the relay service: `/ip4/10.0.0.1/tcp/4000`, `/worker/to-relay`, or through a channel,
/// `/ip4/10.0.0.1/tcp/4000/secure/api`. Without its channels, it is a route. Errors: `invalid_route`, `unsupported`.
inline result<route> parse_relay_route(const std::string& text) {
  auto m = parse_multiaddr(text);
  if (!m)
    return std::move(m).error();
  auto to = to_route(without_channels(*m));
  if (to && to->empty())
    return error{errc::invalid_route, "the route names no node", "for example /ip4/127.0.0.1/tcp/4000"};
  return to;
}

inline constexpr std::array<key_descriptor, 5> relay_keys{{
  {.name = "at", .about = "route to the node that is to have it", .value = "ROUTE", .example = "/ip4/10.0.0.1/tcp/4000",
   .required = true, .check = &checked_by<&parse_relay_route>},
  {.name = "relay-address", .about = "its name there, behind forward_to_; NAME if not given", .value = "TEXT",
   .check = &check_typed_relay_name},
  channel_identity_key,
  identities::authorized_key,
  {.name = "allow", .type = key_type::list,
   .about = "workers that what comes through it may reach, where `at` begins with the address of a node or goes through a channel; beside hops that were started by name",
   .fallback = "echo, uppercase, api"}, // as in the reference
}};

/// Whether they fit together.
inline result<void> check_relay_keys(const option_values& keys) {
  auto m = parse_multiaddr(keys.get<std::string>("at"));
  if (m && keys.has("authorized") && split_at_channels(*m).size() == 1)
    return error{errc::invalid_argument, "authorized is about a secure channel, and the route names none", "for example …/secure/api"};
  return {};
}

} // namespace ockam
