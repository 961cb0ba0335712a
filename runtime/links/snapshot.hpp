// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/fine_histogram.hpp"
#include "runtime/links/live_parts.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
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

/// A listener of the configuration whose address this host has not yet.
struct late_listener_info {
  std::string transport;
  std::string name;           ///< of its section
  std::string socket_address; ///< that it is to have
  std::string last_error;
};

/// What the threads for services have to do.
struct pool_load {
  std::size_t threads = 0;
  std::size_t waiting = 0; ///< workers that have messages and no thread
  std::size_t late = 0;    ///< turns under way that have taken too long to count any more
};

/// The figures of a node at one moment, as a value: what control, and whoever else shows a node, renders.
struct node_snapshot {
  using counts = std::vector<std::pair<std::string_view, std::uint64_t>>; ///< by reason; those over 0

  std::string name;
  std::string_view version;
  std::uint32_t pid = 0;
  std::string http_address;           ///< where it answers HTTP requests; empty: nowhere
  std::chrono::milliseconds uptime{0};
  std::vector<listener_info> listeners;
  std::vector<late_listener_info> late; ///< filled by who knows them (`node::snapshot`)
  std::vector<link_info> links;       ///< those asked for
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
  std::vector<worker_info> service_workers; ///< of `services`, if asked for
  std::size_t services_left_out = 0;        ///< that are not among them
  std::optional<tracer::counts> spans;      ///< of traces; nothing where none are kept
  std::shared_ptr<const fine_histogram> turns; ///< of the socket thread; filled by who knows them (`node::snapshot`)
  std::optional<pool_load> pool;               ///< filled by the same
};

/// What a snapshot takes beside what is cheap. Thousands of links cost milliseconds of the socket thread; those that
/// last are as many as the operator has named.
struct snapshot_request {
  enum class which_links : std::uint8_t { none, lasting, all };
  which_links links = which_links::none;
  std::size_t most_service_workers = 0;
};

/// What became of them: kept, sent, dropped, failed, waiting.
inline node_snapshot::counts spans_by_name(const tracer::counts& c) {
  return {{"kept", c.kept}, {"sent", c.sent}, {"dropped", c.dropped}, {"failed", c.failed}, {"waiting", c.waiting}};
}

node_snapshot take_snapshot(const live_parts& n, snapshot_request r = {});

/// The services of a node, by address.
std::vector<service_info> list_services(const live_parts& n);

} // namespace ockam
