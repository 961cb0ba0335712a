// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "portals/end.hpp"
#include "runtime/core/endpoint.hpp"
#include "runtime/core/route.hpp"
#include "runtime/links/route_maker.hpp"
#include "runtime/links/settling.hpp"
#include "runtime/net/stream.hpp"
#include "runtime/workers/worker.hpp"

#include <memory>
#include <string>

namespace ockam::portal {

class inlet;

/// The port that an inlet has. One that follows it at the same address takes it as it is, so that nobody else gets it between
/// them. Socket thread only.
class door final : public net::acceptor_events {
 public:
  /// Takes the port, and accepts nobody yet. Errors: `address_in_use`, `address_unavailable`, `permission_denied`, `io_failure`.
  static result<std::shared_ptr<door>> reserve(net::reactor& r, const endpoint& at);

  std::string at() const { return acceptor_->local(); }
  /// Who comes in from now on comes to this one.
  void leads_to(std::weak_ptr<inlet> i) { to_ = std::move(i); }
  /// Accepts; the second time it does nothing. Errors: as above.
  result<void> open();

 private:
  void on_accept(net::stream_ptr s) override;
  void on_out_of_descriptors() override;

  std::weak_ptr<inlet> to_;
  net::acceptor_ptr acceptor_;
  bool is_open_ = false;
};
using door_ptr = std::shared_ptr<door>;

/// Where clients connect to, and the route to the outlet that their streams go to. It has its port from the beginning, and
/// accepts from the time on that the far end was there first:
///
///     connecting ──the far end answers──▶ up ◀──────────────────────────┐
///         └──it does not, or cannot be reached──▶ down ──it answers──────┘
///                                                  ▲── no more answers ── up: all streams are cut off, clients closed at once
///
/// One whose address this host has not yet is down, whatever its far end says, and tries to get its port again and again.
///
/// Socket thread only.
class inlet final : public end {
 public:
  static constexpr std::chrono::milliseconds pause{1'000}; ///< between tries for the port, as listeners have it

  enum class state : std::uint8_t { connecting, up, down };

  /// `text`: the route as it was written.
  inlet(environment& e, std::string name, endpoint from, std::string text, route to, std::chrono::milliseconds retry_wait, stream_options o);

  /// Its clients come by this one.
  void take(door_ptr d);
  /// It has none, for this reason, and tries to get one there.
  void wait_for(const endpoint& at, const error& why);
  /// Null: it has no port.
  const door_ptr& way_in() const noexcept { return door_; }
  /// Also when its door is closed.
  std::string bound_to() const { return door_ ? door_->at() : last_bound_; }
  /// Takes no more clients, and leaves the port; streams go on.
  void close_door();
  /// Makes that undone, unless it has ended. Where somebody else has the port by now, it waits for it.
  void reopen_door();
  /// The same for good.
  void close();

  /// The far end answers; `by`: the way to it, as far as that is known.
  void is_up(route by);
  void is_down(const std::string& why);
  /// The far end takes no new streams, and may finish those that it has: its node is to stop.
  void is_leaving(const std::string& why);
  state now() const noexcept { return no_port_.empty() ? state_ : state::down; }
  /// Why it is not up; empty: it is.
  const std::string& reason() const noexcept { return no_port_.empty() ? no_far_end_ : no_port_; }
  void on_accept(net::stream_ptr s);
  void on_out_of_descriptors();

  const std::string name;
  const endpoint from; ///< as it was asked for: port 0 is any
  const std::string text;
  const route to;
  std::shared_ptr<route_channels> channels = {}; ///< that it goes through
  const std::chrono::milliseconds retry_wait; ///< between questions while it is not up
  route by;           ///< `to` as it is now, with the link that it goes by; empty while it is not up
  address session; ///< of the worker that asks whether the far end is there
  std::uint64_t refused = 0; ///< clients that were closed at once
  settling waiting; ///< told once it is up or down

 private:
  void turn_away(net::stream_ptr s, const std::string& why);
  void settle(state s);
  bool goes_down(const std::string& why);
  void try_port(const endpoint& at);

  door_ptr door_;
  std::string last_bound_;
  std::string no_port_;    ///< why; empty: it does not wait for one
  std::string no_far_end_; ///< the same
  timer_queue::id timer_ = 0;
  bool has_ended_ = false;
  state state_ = state::connecting;
};

/// Asks again and again whether the far end of an inlet is there, by its service echo, as real nodes do.
std::unique_ptr<worker> make_inlet_session(std::shared_ptr<inlet> of);

std::string_view to_string(inlet::state s) noexcept;

} // namespace ockam::portal
