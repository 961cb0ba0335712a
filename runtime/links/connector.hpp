// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/config.hpp"
#include "runtime/links/transport.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string_view>
#include <vector>

namespace ockam {

/// Connections that outlive their links: whoever has sent to the worker address of one may do so for as
/// long as the connection exists. It connects, and connects again, until it is removed:
///
///     connecting ──▶ up ──the link ends──▶ waiting ──back-off──▶ connecting
///          └──────── no link ─────────────────▲
///
/// Its worker address is an alias (`workers::alias`) of the link while there is one, and of a placeholder
/// otherwise, which reports messages as undeliverable (link-down), or holds them as far as the configuration
/// says, each with its credit. It goes from one to the other between two messages. The flow control id stays
/// the same, so what was allowed through one link is allowed through the next. Socket thread only.
class connector {
 public:
  using created = std::function<void(result<link_info>)>;
  /// For a part of the node that needs a connection of its own: told of each link, when it is up and when it has ended, or
  /// could not be made. Not after `remove`.
  struct watcher {
    std::function<void()> up;
    std::function<void(const std::string& why)> down;
  };

  /// Equal seeds give equal retries.
  connector(const node_context& context, std::uint32_t seed);
  ~connector();

  /// A connection of the configuration, tried until it is there. The transport lives longer than this.
  /// Errors: `already_exists` (its name as an address), `invalid_address`, `closed` (after `stop`).
  result<void> add(const connection_config& c, transport& t, watcher w = {});
  /// A connection from the prompt: a first attempt that fails within `timeout` is an error and leaves
  /// nothing. `done` is called once. Errors: those of `transport::connect`.
  void create(const connection_config& c, transport& t, std::chrono::milliseconds timeout, created done);
  /// Ends it for good. By worker address (`x` or `0#x`), name in the configuration, or peer's address.
  /// Error: `not_found`: no connection of this kind, perhaps a link.
  result<void> remove(const transport& t, std::string_view which);
  /// All links of a transport: those of connections with their history, also where there is no link now.
  std::vector<link_info> links(const transport& t) const;
  /// Those of connections only: cheap, however many links there are that others have opened.
  std::vector<link_info> lasting_links(const transport& t) const;
  /// The worker address of a connection to this peer (`1#127.0.0.1:4000`), of those that belong to no part of the node;
  /// null when there is none.
  const address* find(address_view peer) const;
  /// The socket address of the peer of the connection that routes know by this name; empty: there is none.
  std::string peer_of(address_view name) const;
  /// Gives up all of them, and makes none any more; for the end of the node, before its transports stop.
  void stop();

 private:
  class connection;
  class placeholder;

  connection& insert(const connection_config& c, transport& t, watcher w = {});
  void erase(connection& c);

  const node_context& context_;
  std::uint32_t next_seed_;
  bool stopped_ = false;
  std::list<std::shared_ptr<connection>> connections_;
};

} // namespace ockam
