// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/facility.hpp"
#include "runtime/links/route_maker.hpp"
#include "runtime/links/snapshot.hpp"
#include "runtime/links/transport.hpp"
#include "runtime/node/config.hpp"
#include "runtime/node/section_store.hpp"
#include "runtime/workers/service_type.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace caf {
class actor_system;
}
namespace ockam::net {
class socket_keeper;
}

namespace ockam {

class tracer;

/// What a node is made of beside the runtime; handed over by `main`, nothing registers itself.
struct node_parts {
  std::span<const transport_factory> transports;
  std::span<const service_type> services;
  section_store* own_file = nullptr; ///< where what is made by hand is kept; lives longer than the node
  std::span<const facility_factory> facilities = {};
  route_maker routes = &make_plain_route; ///< for routes that name secure channels
  compare_config compare = {};            ///< for `ockam config diff`
  tracer* spans = nullptr; ///< who keeps spans of traces; lives longer than the node
  net::socket_keeper* sockets = nullptr; ///< where listening sockets come from and may live on; lives longer than the node
};

/// A node: actor system, router, workers, transports and control of one process. `main` starts it, waits
/// for a signal or `stop_requested_fd`, and stops it. CAF stays behind this header. Thread: the one that
/// called `start`, except where it says otherwise.
class node {
 public:
  /// Starts everything that the configuration names, in the order services, listeners, connections,
  /// control. Errors are those of the part that failed; nothing is then left running. Signals are
  /// expected to be blocked already: threads start here.
  /// When that takes over two seconds (a service that hangs in its own start, for which the actor system
  /// would wait for ever), `stuck` is called with the error, on another thread: it has to leave the process.
  static result<std::unique_ptr<node>> start(node_config config, node_parts parts,
                                             std::function<void(const error&)> stuck = {});

  virtual ~node() = default;

  /// The listeners of the configuration, in the order in which they were opened.
  virtual const std::vector<listener_info>& listeners() const = 0;

  /// Puts another configuration of this node into effect, all of it or nothing (`reloader`): sections that are gone
  /// end, new ones begin, changed ones do both; `[routing]` and `stop-grace` apply at once, other keys of `[node]` at
  /// the next start. Logs all of it, with what failed. `done` is called on the socket thread, later: whether there was
  /// no problem, and the listeners that there are now.
  virtual void reload(node_config fresh, std::function<void(bool ok, std::vector<listener_info>)> done) = 0;

  /// Takes a snapshot on the socket thread, with the listeners that wait for their address, and calls `done` with it,
  /// there. Not once `stop` was called. Thread: any.
  virtual void snapshot(snapshot_request what, std::function<void(node_snapshot)> done) = 0;
  /// Where it answers HTTP requests, for `node show`; empty: nowhere. Thread: any, until `stop`.
  virtual void http_address(std::string a) = 0;

  /// Calls `done` when the socket thread has had a turn since, and then a thread of the pool, where it is called. Never,
  /// when one of them does not move any more: a proof of life. Not once `stop` was called. Thread: any.
  virtual void prove_life(std::function<void()> done) = 0;

  /// Runs `f` with the node's actor system on a thread of its own, and waits there until the actors that were published
  /// (`ockam::publish`) have ended; then calls `ended`, there, with the text of what `f` threw or nothing. The end of
  /// the node waits for that. Once.
  virtual void run(std::function<void(caf::actor_system&)> f,
                   std::function<void(std::optional<std::string>)> ended) = 0;

  /// Readable once somebody asked over control that the node stop. The drain has begun then.
  virtual int stop_requested_fd() const = 0;

  /// Lets nothing new in, and what is under way finish, within the `stop-grace` of the configuration. False when the
  /// socket thread does not take it within a second: something keeps that thread, and `drained_fd` would never ring.
  virtual bool drain() = 0;
  /// Readable when that is over.
  virtual int drained_fd() const = 0;

  /// Stops in order: control and listeners, links, workers, actors. When that does not end within
  /// `deadline` (a handler of a user's service that never returns, for which the actor system would wait
  /// for ever), `overrun` is called, on another thread: it has to leave the process. Thread: the one that
  /// called `start`, since CAF ends an actor system where it began.
  virtual void stop(std::chrono::milliseconds deadline, std::function<void()> overrun) = 0;
};

} // namespace ockam
