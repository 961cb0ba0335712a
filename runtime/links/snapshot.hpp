// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/live_parts.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ockam {

/// A service as `list` and `show` print it.
struct service_info {
  std::string address;
  std::string type;
  bool reachable = false; ///< for peers of listeners that admit `services`
};

/// The figures of a node at one moment, as a value: what control, and whoever else shows a node, renders.
struct node_snapshot {
  using counts = std::vector<std::pair<std::string_view, std::uint64_t>>; ///< by reason; those over 0

  std::string name;
  std::string_view version;
  std::uint32_t pid = 0;
  std::chrono::milliseconds uptime{0};
  std::vector<listener_info> listeners;
  std::vector<link_info> links;       ///< empty unless asked for
  std::vector<service_info> services; ///< by address
  std::vector<std::pair<std::string, item_info>> items; ///< of facilities, with their kinds
  std::size_t workers = 0;            ///< addresses, those of links and aliases too
  std::size_t connections = 0;        ///< open links
  std::size_t max_connections = 0;
  std::size_t memory_used = 0;        ///< bytes of messages, against `memory_limit`
  std::size_t memory_limit = 0;
  std::uint64_t messages = 0;         ///< handed to workers and links so far
  counts dropped;
  counts refused;
  std::vector<overdue_worker> overdue;
};

/// What a snapshot takes: with thousands of links, these cost milliseconds of the socket thread.
enum class snapshot_links : bool { left_out, included };

node_snapshot take_snapshot(const live_parts& n, snapshot_links links = snapshot_links::left_out);

/// The services of a node, by address.
std::vector<service_info> list_services(const live_parts& n);

} // namespace ockam
