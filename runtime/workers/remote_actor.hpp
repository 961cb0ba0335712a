// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/route.hpp"
#include "runtime/workers/actor_error.hpp"
#include "runtime/workers/actor_service.hpp"
#include "runtime/workers/workers.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/local_actor.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace ockam {

/// A handle to the worker at the end of a route, as CAF actors have it to each other: `send` it text or an
/// `ockam::content`, pass on an `ockam::request` or `ockam::reply`, `request` it and get an `ockam::reply` or a `caf::error` (`error_of`)
/// with the reason that the node where it ended gave, `delegate` to it. Each is a message along the route, with the same promises: at most
/// once, in order. An answer that takes longer than `patience` is an error, also where the request has no time-out.
///
/// It takes some hundred bytes, opens nothing by itself, holds nothing while nothing is asked, outlives links and restarts at the other end, and
/// ends with its last reference. Any thread. Of a node's actors only: `std::logic_error` in another system.
caf::actor remote(caf::actor_system& system, route to, std::chrono::milliseconds patience = std::chrono::minutes{1});
caf::actor remote(caf::local_actor* self, route to, std::chrono::milliseconds patience = std::chrono::minutes{1});
/// `to` as people write routes: `/ip4/10.0.0.2/tcp/7000/service/hop/service/greeter`. `std::invalid_argument` where it is none.
caf::actor remote(caf::local_actor* self, std::string_view to, std::chrono::milliseconds patience = std::chrono::minutes{1});

/// The worker that asks for all handles of a node; `remote` finds it in the registry of its actor system.
std::unique_ptr<worker> make_remote_gate();

} // namespace ockam
