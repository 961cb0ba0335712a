// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/address.hpp"
#include "runtime/limits.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace ockam {

/// A listener to open at start. `allow`: workers that peers of this listener may reach, as a list of
/// addresses; the single entry `services` stands for echo, uppercase and every service that was
/// started by name. The first tcp listener has `services` when nothing is said, others nothing.
struct listener_config {
  std::string name;      ///< section name, for logs
  std::string transport; ///< tcp | caf | …
  std::string address;   ///< in the form of its transport, for tcp a literal socket address
  std::vector<std::string> allow;
  std::map<std::string, std::string> options = {}; ///< keys that only this transport has
};

/// A connection to make at start.
struct connection_config {
  std::string name;      ///< section name; also the link worker's address where given
  std::string transport; ///< tcp | caf | …
  std::string address;   ///< in the form of its transport, for tcp host:port
  std::vector<std::string> allow;
  std::map<std::string, std::string> options = {}; ///< keys that only this transport has
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
};

/// A service to start: a worker of `type` at address `name`.
struct service_config {
  std::string name;
  std::string type; ///< echo | uppercase | hop | error
  std::map<std::string, std::string> options;
};

/// Where and how a node logs.
struct log_config {
  std::string level = "info";     ///< trace | debug | info | warn | error | off
  std::string file;               ///< empty: standard error
  std::string format = "text";    ///< text | json
  std::size_t max_size = 10u << 20; ///< bytes; the file is then rotated
  std::size_t max_files = 3;      ///< rotated files that are kept
};

/// A node, completely: what one INI file says. Read by `cli/node/`, acted on by `runtime/node`.
struct node_config {
  std::string name;
  std::string control_socket;     ///< path; empty: none
  std::size_t threads = 2;        ///< pool threads
  log_config log;
  limits limit;
  routing_config routing;
  std::vector<listener_config> listeners;
  std::vector<connection_config> connections;
  std::vector<service_config> services;
};

} // namespace ockam
