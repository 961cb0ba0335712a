// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"
#include "runtime/net/reactor.hpp"
#include "runtime/workers/worker.hpp"
#include "runtime/workers/worker_stats.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ockam {

class account;
class tally;

/// When a worker that has ended is made anew: the first time at once, then after a growing delay.
enum class restart_policy : std::uint8_t { never, on_failure, always };

/// Which of several instances gets a message.
enum class distribution : std::uint8_t {
  round_robin, ///< the next one
  key          ///< the same one for messages of one sender: by the last address of the return route
};

/// How a worker is started.
struct worker_options {
  std::string_view type;   ///< shown in lists; static text
  worker_thread thread = worker_thread::socket;
  std::uint32_t producer = 0;              ///< links: flow control id of what it brings in
  std::vector<std::uint32_t> consumer_of;  ///< flow control ids whose messages may reach it
  std::shared_ptr<const access_control> access = {}; ///< whose messages it takes and where it sends; null: no limits
  std::uint32_t instances = 1;             ///< more than one: on the pool only
  ockam::distribution distribution = ockam::distribution::round_robin;
  restart_policy restart = restart_policy::never;
  bool internal = false;                   ///< not for listings
  std::size_t budget = 0; ///< bytes of messages that it may keep and have sent (`account`); 0: it keeps none, and sends on the node's
  std::shared_ptr<account> shares = {}; ///< in place of a budget of its own: that of its parent
  std::shared_ptr<const tally> passes = {}; ///< of one that passes messages on: what counts as its memory, for lists
};

/// What a worker has of the node's memory for messages, and may have: what it keeps and has sent, of a relay what it has
/// passed on. 0 and 0: it has no budget of its own.
struct worker_memory {
  std::size_t used = 0;
  std::size_t limit = 0;
};

/// An actor of CAF that an actor of a service has started (`spawn_child`); ids are CAF's, of this process.
struct actor_child {
  std::uint64_t id = 0;
  std::uint64_t parent = 0;
  std::string name; ///< empty: it has given itself none
};

/// Whom a worker belongs to, and what is behind its type.
struct worker_kin {
  std::string behavior;     ///< the file of a script, the name of an actor; empty: its type says it all
  std::string parent;       ///< the address of the worker that has started it; empty: none has
  std::size_t children = 0; ///< workers that it has started and that are there
  std::size_t watchers = 0; ///< who are to be told of its end
  std::uint64_t actor = 0;  ///< id of the actor that the worker speaks for; 0: none, or one for each of several instances
  /// That it has started, and those these have, parents before their children. Of several instances, the actor of each
  /// comes before its own, with 0 as its parent.
  std::vector<actor_child> actors = {};
  bool more_actors = false; ///< than are listed
  actor_runs runs = actor_runs::with_worker;
};

/// A worker as `show` prints it, all its instances together.
struct worker_info {
  std::string address;
  std::string type;
  worker_thread thread = worker_thread::socket;
  std::uint32_t instances = 0; ///< that are alive
  bool starting = false;
  restart_policy restart = restart_policy::never;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t failed = 0;   ///< messages whose handler threw, or that were answered with an error
  std::uint64_t queued = 0;   ///< messages in mailboxes
  std::uint64_t restarts = 0;
  worker_memory memory;
  worker_kin kin;
  std::uint64_t overruns = 0; ///< calls that took longer than the watchdog allows
  std::uint64_t measured = 0; ///< messages that the latencies below are of
  std::chrono::nanoseconds p50{0}, p90{0}, p99{0}, longest{0}; ///< from arrival to the end of the handler
  std::vector<std::uint64_t> durations; ///< the same, as counts in the buckets of `latency_histogram`; empty: none yet
  std::chrono::milliseconds busy{0};                           ///< age of the longest call under way
  std::map<std::string, std::uint64_t> counters;               ///< of its own
};

/// A worker that has not returned from a call for longer than it should.
struct overdue_worker {
  std::string address; ///< `0#name`
  worker_thread thread = worker_thread::socket;
  std::chrono::milliseconds busy{0};
};

/// Makes a worker, on the thread that it will live on. May be called again, for instances and restarts.
using worker_factory = std::function<result<std::unique_ptr<worker>>()>;

/// A worker that has started beside the one whose address it is to have. Until then nobody can send to it. Ends it when
/// it goes unused. Goes before its node. Socket thread only.
class successor {
 public:
  virtual ~successor() = default;
  /// Ends the worker that has the address, if there is one still, and has it. Error: `closed` (it has ended itself).
  virtual result<void> take_over() = 0;
};

/// Starts and ends workers: makes the actor that runs each, and enters it into the switchboard. Socket
/// thread only. Implemented over CAF (`actor_workers`); transports and services see only this.
class workers {
 public:
  using started = std::function<void(result<void>)>;

  virtual ~workers() = default;

  virtual switchboard& board() = 0;
  virtual net::reactor& reactor() = 0;

  /// Makes workers and starts them at address `a`, which is taken at once. `done` is called once, when
  /// `on_start` has returned in all instances: before this returns on the socket thread, later on the pool.
  /// Errors: `already_exists`, `invalid_address`; what the factory says; `service_failed` when it or
  /// `on_start` threw. After an error nothing is left and the address is free.
  virtual void start(address a, worker_factory make, worker_options o, started done) = 0;
  /// Starts this one. Errors as above for a worker on the socket thread, whose `on_start` has run when
  /// this returns; that of a worker on the pool is only logged when it fails.
  result<void> start(address a, std::unique_ptr<worker> w, worker_options o);
  using prepared = std::function<void(result<std::unique_ptr<successor>>)>;
  /// As `start`, beside a worker that has this address. The worker itself sees no difference.
  virtual void prepare(address a, worker_factory make, worker_options o, prepared done) = 0;
  /// Ends the worker at `a`: the address is free at once, `on_stop` runs on its own thread soon after.
  /// Error: `not_found`.
  virtual result<void> stop(address_view a) = 0;
  /// Gives the worker at `of` one more address, `name`, or moves a name that was made so to that worker, between
  /// two messages. The name is listed like an address of its own, and keeps who may reach it (at first
  /// `consumer_of`) and its count over a move. It goes when the worker that has it ends: move it before that.
  /// The worker sees under which address it was reached as the first one of the onward route. Errors:
  /// `not_found` (`of`), `already_exists` (`name` is the address of a worker), `invalid_address`.
  virtual result<void> alias(const address& name, address_view of, std::vector<std::uint32_t> consumer_of = {}) = 0;
  /// False when there is no such alias.
  virtual bool remove_alias(address_view name) = 0;
  /// Error: `not_found`, also for what is in the switchboard without a worker.
  virtual result<worker_info> show(address_view a) const = 0;
  /// Of the worker whose entry this is.
  virtual worker_memory memory_of(const worker_entry& e) const = 0;
  virtual worker_kin kin_of(const worker_entry& e) const = 0;
  /// What the watchdog has found.
  virtual std::vector<overdue_worker> overdue() const = 0;
  /// Messages lost with pool workers that ended.
  virtual std::uint64_t lost() const noexcept = 0;
};

std::string_view to_string(restart_policy p) noexcept;

} // namespace ockam
