// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/limits.hpp"
#include "runtime/core/section.hpp"
#include "runtime/links/config.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace ockam {

/// A service to start: a worker of `type` at address `name`.
struct service_config {
  std::string name;
  std::string type; ///< name of a service type: echo, hop, script, …
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

/// Where a node answers HTTP requests about itself, and whom; acted on by `operation/`.
struct http_config {
  std::string address;    ///< HOST:PORT with a literal host, or the path of a Unix socket; empty: nowhere
  std::string token_file; ///< file with what requests have to bring; empty: nothing
  std::string certificate = {}; ///< PEM files: it speaks TLS with these; empty: it does not
  std::string key = {};
  std::string ca = {};          ///< only clients with a certificate of one of these
  bool retry = true;            ///< while this host has not the address: try again until it has

  friend bool operator==(const http_config&, const http_config&) = default;
};

/// Which spans of traces a node keeps, and where it sends them; acted on by `operation/`.
struct tracing_config {
  std::string otlp = {};         ///< of a collector, http:// or https://; empty: it keeps none
  std::string service_name = {}; ///< that spans are shown under; empty: the node's
  std::string sample = "1";      ///< how many of the traces that begin here are sampled, 0 to 1
  std::string ca = {};           ///< PEM file of who vouches for the collector; empty: whom the system trusts
  std::size_t queue = 2048;      ///< spans that may wait to be sent
  std::size_t batch = 512;       ///< of one request at most
  std::chrono::milliseconds interval{1'000}; ///< spans wait at most this long for others

  friend bool operator==(const tracing_config&, const tracing_config&) = default;
};

/// Where a node has its keys and who it is; no vault: it is nobody.
struct identity_config {
  std::string vault;           ///< file of the keys; made when it is missing
  std::string history;         ///< file of the change history; a new identity when it is missing
  std::string passphrase_file; ///< of a vault that is sealed; empty: it is not
  std::string credential_file = {};  ///< of what an issuer says of it; empty: nothing
  std::string passphrase_credential = {}; ///< of a vault that is sealed: name of a credential that systemd hands over; empty: none
  std::string known_identities = {}; ///< file of what others have shown of themselves; empty: kept in memory
  friend bool operator==(const identity_config&, const identity_config&) = default;
};

/// A node, completely: what one INI file says. Read by `cli/node/`, acted on by `runtime/node`.
struct node_config {
  std::string name;
  std::string control_socket;     ///< path; empty: none
  std::size_t threads = 2;        ///< pool threads
  std::chrono::milliseconds stop_grace{5'000}; ///< for what is under way when the node is to stop
  log_config log;
  limits limit;
  routing_config routing;
  identity_config identity;
  std::vector<listener_config> listeners;
  std::vector<connection_config> connections;
  std::vector<service_config> services;
  std::vector<config_section> items; ///< of facilities: tcp-outlet, tcp-inlet, relay
  http_config http;
  tracing_config tracing;
};

/// Writes out what listeners admit that say nothing: the first one of the configuration, of whatever transport,
/// `services`; all others nothing. Only the configuration counts, not what has been open before it.
void resolve_allow(node_config& c);

} // namespace ockam
