// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/route.hpp"
#include "runtime/workers/actor_error.hpp"
#include "runtime/workers/actor_service.hpp"
#include "runtime/workers/channel_ways.hpp"
#include "runtime/workers/workers.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/local_actor.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace ockam {

/// A node, named by what belongs to it.
class actor_home {
 public:
  actor_home(caf::actor_system& s) : system_{&s} {}
  actor_home(caf::local_actor* self) : system_{&self->home_system()} {}
  caf::actor_system& system() const noexcept { return *system_; }

 private:
  caf::actor_system* system_;
};

/// A route, or one as people write it: `/ip4/10.0.0.2/tcp/7000/service/hop/service/greeter`, also with secure channels,
/// `/ip4/10.0.0.2/tcp/7000/secure/api/service/greeter`, which the node makes and which last until it stops.
/// `std::invalid_argument` where it is none, or where `how` cannot be had (`through_channels`).
///
///     ockam::remote(self, {"/ip4/10.0.0.2/tcp/7000/secure/api/service/greeter", {.authorized = "I0123…"}})
class route_or_text {
 public:
  route_or_text(route r) : route_{std::move(r)} {}
  route_or_text(std::string_view text, const channel_terms& how = {});
  route_or_text(const char* text) : route_or_text{std::string_view{text}} {}
  route_or_text(const std::string& text) : route_or_text{std::string_view{text}} {}
  route take() { return std::move(route_); }
  /// What makes its channels is to be told so (`channel_order`); empty: it has none.
  const std::string& order() const noexcept { return order_; }

 private:
  route route_;
  std::string order_;
};

/// How long an answer may take.
constexpr std::chrono::milliseconds usual_patience = std::chrono::minutes{1};

/// A handle to the worker at the end of a route, as CAF actors have it to each other: `send` it text or an
/// `ockam::content`, pass on an `ockam::request` or `ockam::reply`, `request` it and get an `ockam::reply` or a
/// `caf::error` (`error_of`) with the reason that the node where it ended gave, `delegate` to it. Each is a message
/// along the route, with the same promises: at most once, in order. An answer that takes longer than `patience` is an
/// error, also where the request has no time-out.
/// `monitor` it or link to it, and be told of the end of the worker there (`watching_handle`).
///
/// It takes some hundred bytes, opens nothing by itself, holds nothing while nothing is asked, outlives links and
/// restarts at the other end, and ends with its last reference. Any thread. Of a node's actors only: `std::logic_error`
/// in another system.
///
/// Each request is answered, also when the node stops: `closed`. Over 1,000 that a handle has under way, and what the
/// node cannot take (4 MiB that its actors have sent in one go, or one message that is larger) is `limit_reached`, a message
/// over the `max-frame` of the node `too_large`; what nobody waits for an answer of is counted
/// (`ockam worker show _internal.actors`, `lost-sends`) and logged. Why it did not arrive: `undelivered`.
caf::actor remote(actor_home from, route_or_text to, std::chrono::milliseconds patience = usual_patience);

/// The same for an actor of an interface, `caf::typed_actor<…>`: one that was published (`publish`), or that is a
/// service (`actor_service`). Its messages are those of the interface, with their types; each request says which interface it
/// is of, and another one at the other end is an error that names the difference. An error that the actor answers with
/// comes as it is, with its code and category, and its words as the context; one of the category `ockam` says what went
/// wrong on the way. `std::invalid_argument` for an interface that cannot be one (`typed::describer`).
template <class Handle>
Handle remote_as(actor_home from, route_or_text to, std::chrono::milliseconds patience = usual_patience);

/// The worker that asks for all handles of a node; `remote` finds it in the registry of its actor system, also when it
/// has ended (`closed`), until `forget_remote_gate`. `max_message`: the largest payload, in bytes.
std::unique_ptr<worker> make_remote_gate(std::size_t max_message);
/// When no actor of the node lives any more.
void forget_remote_gate(caf::actor_system& system);

// -- templates ---------------------------------------------------------------------------------------

namespace actors {

caf::actor remote(caf::actor_system& system, route to, std::chrono::milliseconds patience,
                  const message_format& format);

} // namespace actors

template <class Handle>
Handle remote_as(actor_home from, route_or_text to, std::chrono::milliseconds patience) {
  return caf::actor_cast<Handle>(actors::remote(from.system(), to.take(), patience, format_of<Handle>()));
}

} // namespace ockam
