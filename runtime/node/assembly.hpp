// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/actors.hpp"
#include "runtime/control/control.hpp"
#include "runtime/links/live_parts.hpp"
#include "runtime/node/node.hpp"
#include "runtime/node/reload.hpp"
#include "runtime/node/section_book.hpp"
#include "runtime/workers/actor_workers.hpp"

#include <cstdint>
#include <functional>

namespace caf {
class actor_system;
}

namespace ockam {

/// Everything of a node that lives on the socket thread, over whatever reactor drives it: the system's, or
/// one in a simulated network. Made on any thread before the first event; all members: socket thread only.
///
///     (made) ──open──▶ runs, empty ──reload──▶ runs as configured ──close──▶ workers end ──clear──▶ (destroyed)
///                                                     └──drain──▶ finishes ────▲
class assembly {
 public:
  /// `sys` and `reactor` live longer. `config` has the name, the limits and `[routing]`; its sections begin
  /// with `reload`. Equal seeds give equal retries.
  assembly(caf::actor_system& sys, net::reactor& reactor, const node_config& config, node_parts parts, std::uint32_t seed);
  ~assembly();

  /// Workers on the pool run on these threads; on those of CAF's scheduler if this is not said. Before `open`.
  void pool(caf::execution_unit& threads) { workers_.pool(&threads); }
  /// Starts the router and makes the transports; there are no workers yet.
  void open();
  reloader& reload() noexcept { return reload_; }
  /// Serves the command line at the socket of the configuration; nothing when it names none.
  using stop_request = std::function<stop_notice(std::optional<std::chrono::milliseconds> grace)>;
  result<void> start_control(const std::string& socket_path, stop_request ask);
  /// Lets nobody in and begins nothing any more: listeners are closed, what comes by links is answers or is dropped as
  /// node-stopping, the command line is refused. What is under way (messages that live here, what links have yet to
  /// write, requests of workers and of the command line) may finish within `grace`, or the `stop-grace` of the
  /// configuration; then `drained` is called, once. Again: the earlier end counts.
  stop_notice drain(std::optional<std::chrono::milliseconds> grace, std::function<void()> drained);
  /// Listeners and control first, links, then the rest: nothing new comes in between.
  void close();
  /// After the workers have ended: their actors still call into the reactor until then.
  void clear();

  live_parts parts();
  /// What `parts().http_address` says.
  void http_address(std::string a) { http_address_ = std::move(a); }
  const node_context& context() const noexcept { return context_; }
  routing_config& routing() noexcept { return config_.routing; }

 private:
  std::string peer_of(address_view link) const;
  void start_internal(std::string_view at, std::string_view type, std::unique_ptr<worker> w);
  void end_turn();
  bool is_busy();
  bool carries();
  void check_drained();

  caf::actor_system& sys_;
  net::reactor& reactor_;
  node_config config_; ///< as it is in effect
  node_parts kinds_;
  memory memory_;
  ledger::owner local_; ///< of `memory_`
  memory control_memory_{limits::control_budget};
  ledger::owner control_ = ledger::make(control_memory_, limits::control_budget, nullptr);
  switchboard board_;   ///< what is left in it returns its credit: ends before `memory_`
  frame_pool frames_{memory_, config_.limit.max_frame, board_};
  actor_workers workers_;
  router_actor router_;
  well_known_flows flows_;
  node_context context_{workers_, board_, reactor_, memory_, frames_, *local_, *control_, config_.limit, flows_};
  service_catalog services_{context_, kinds_.services};
  transport_set transports_;
  connector connector_;
  dialer dialer_;
  facility_set facilities_;
  reloader reload_;
  section_book sections_;
  std::string http_address_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  bool turn_posted_ = false;
  stop_desk desk_;
  std::function<void()> drained_;
  net::reactor::clock::time_point drain_until_{};
  timer_queue::id drain_timer_ = 0;
  std::uint64_t carried_ = 0; ///< by streams of facilities, when that was looked at last
  net::reactor::clock::time_point carried_at_{}; ///< and when it was less
};

} // namespace ockam
