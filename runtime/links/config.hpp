// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/address.hpp"
#include "runtime/core/limits.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace ockam {

/// A listener to open at start. `allow`: workers that peers of this listener may reach, as a list of
/// addresses; the entry `services` stands for echo, uppercase and every service that was started by name.
struct listener_config {
  std::string name;      ///< section name, for logs
  std::string transport; ///< tcp | caf | …
  std::string address;   ///< in the form of its transport, for tcp a literal socket address
  std::vector<std::string> allow;
  std::map<std::string, std::string> options = {}; ///< keys that only this transport has
  bool retry = true; ///< an address that this host has not is waited for; otherwise it is an error
};

/// A connection to make at start.
struct connection_config {
  std::string name;      ///< section name; also the link worker's address where given
  std::string transport; ///< tcp | caf | …
  std::string address;   ///< in the form of its transport, for tcp host:port
  std::vector<std::string> allow;
  std::map<std::string, std::string> options = {}; ///< keys that only this transport has
  std::string proxy = {};          ///< `connect_options::proxy`
  retry_range retry = {};          ///< how often it is tried while there is no link
  std::size_t hold_bytes = 0;      ///< messages kept meanwhile; 0: they are reported at once
  std::chrono::milliseconds hold_time{10'000}; ///< for so long
};

/// For whom this node connects when it finds the address of another node at the front of a route. Its own
/// messages always may; the policy is about those that came in from others.
enum class dial_policy : std::uint8_t {
  never,
  listed, ///< to the peers of its configured connections, and to `dial_allow`
  any
};

struct routing_config {
  dial_policy dial = dial_policy::listed;
  std::vector<address> dial_allow = {};
  std::size_t dial_links = 64;                 ///< links made this way at one time
  std::chrono::milliseconds dial_idle{60'000}; ///< one that carried nothing for this long is closed
  std::string proxy = "none"; ///< by way of which links are made because a route names a peer, those of relays included
};

} // namespace ockam
