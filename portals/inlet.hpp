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

/// Where clients connect to, and the route to the outlet that their streams go to. It has its port from the beginning, and
/// accepts from the time on that the far end was there first:
///
///     connecting ──the far end answers──▶ up ◀──────────────────────────┐
///         └──it does not, or cannot be reached──▶ down ──it answers──────┘
///                                                  ▲── no more answers ── up: all streams are cut off, clients closed at once
///
/// Socket thread only.
class inlet final : public end, public net::acceptor_events {
 public:
  enum class state : std::uint8_t { connecting, up, down };

  /// `text`: the route as it was written.
  inlet(environment& e, std::string name, std::string text, route to, std::chrono::milliseconds retry_wait, stream_options o);

  /// Takes the port. Errors: `address_in_use`, `address_unavailable`, `permission_denied`, `io_failure`.
  result<void> reserve(const endpoint& at);
  /// Also when its door is closed.
  std::string bound_to() const { return acceptor_ ? acceptor_->local() : last_bound_; }
  /// Takes no more clients, and leaves the port; streams go on.
  void close_door();
  /// The same for good.
  void close();

  /// The far end answers; `by`: the way to it, as far as that is known.
  void is_up(route by);
  void is_down(const std::string& why);
  /// The far end takes no new streams, and may finish those that it has: its node is to stop.
  void is_leaving(const std::string& why);
  state now() const noexcept { return state_; }

  const std::string name;
  const std::string text;
  const route to;
  std::shared_ptr<route_channels> channels = {}; ///< that it goes through
  const std::chrono::milliseconds retry_wait; ///< between questions while it is not up
  route by;           ///< `to` as it is now, with the link that it goes by; empty while it is not up
  std::string reason; ///< why it is down
  address session; ///< of the worker that asks whether the far end is there
  std::uint64_t refused = 0; ///< clients that were closed at once
  settling waiting; ///< told once it is up or down

 private:
  void on_accept(net::stream_ptr s) override;
  void on_out_of_descriptors() override;
  void turn_away(net::stream_ptr s, const std::string& why);
  void settle(state s);
  bool goes_down(const std::string& why);

  net::acceptor_ptr acceptor_;
  std::string last_bound_;
  bool open_ = false;
  state state_ = state::connecting;
};

/// Asks again and again whether the far end of an inlet is there, by its service echo, as real nodes do.
std::unique_ptr<worker> make_inlet_session(std::shared_ptr<inlet> of);

std::string_view to_string(inlet::state s) noexcept;

} // namespace ockam::portal
