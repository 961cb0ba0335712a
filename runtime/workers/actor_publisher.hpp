// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"
#include "runtime/workers/actor_service.hpp"
#include "runtime/workers/remote_actor.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/infer_handle.hpp>

#include <functional>
#include <string>
#include <vector>

namespace ockam {

struct node_context;

/// What comes of it: see `publish`.
using published = std::function<void(result<void>)>;

/// Gives an actor that there is an address of its node, as services have one: peers that may reach services reach it. A
/// typed actor is asked by the messages of its interface (`remote_as`), one that is not typed by `ockam::request`; to
/// say what interface such a one has, cast its handle: `caf::actor_cast<calculator>(a)`. The address is free again when
/// the actor ends, and after `unpublish`. When the node is stopped, the actor gets an exit message (`user_shutdown`).
///
/// Waits until it is there, so not on the socket thread; any other. Errors: `already_exists`, `invalid_address`,
/// `closed` (the node stops, or has stopped). `std::logic_error` in another actor system than a node's,
/// `std::invalid_argument` for an interface that cannot be one.
template <class Handle>
result<void> publish(actor_home at, std::string name, const Handle& actor);
/// The same without waiting: `done` is called once. On the socket thread, later; with `closed` maybe on this thread, at
/// once. Any thread.
template <class Handle>
void publish(actor_home at, std::string name, const Handle& actor, published done);
/// Nobody reaches the actor by this address any more, soon; the actor lives on. No effect on what else has the address.
/// Any thread.
void unpublish(actor_home at, std::string name);

/// Spawns an actor to be published that has the manners of a service (`spawning`): an exception that leaves the handler of
/// a request is its answer, and the actor goes on. One that is spawned by CAF's means ends with it: how it is run is not
/// for who publishes it to change. On the pool, or where its kind runs. Any thread.
///
///     auto calc = ockam::spawn_as_service(system, calculate);   // in the place of system.spawn(calculate)
template <class F, class... Ts>
auto spawn_as_service(actor_home at, F f, Ts... xs);
template <class A, class... Ts>
auto spawn_as_service(actor_home at, Ts... xs);

/// Those that are published; none once the node stops. Not on the socket thread; any other.
std::vector<caf::actor> published_actors(actor_home at);

/// The worker that publishes for the actors of a node; `publish` finds it in the registry of its actor system, also
/// when it has ended (`closed`), until `forget_actor_publisher`.
std::unique_ptr<worker> make_actor_publisher(const node_context& c);
/// When no actor of the node lives any more.
void forget_actor_publisher(caf::actor_system& system);

// -- templates ---------------------------------------------------------------------------------------

namespace actors {

result<void> publish(caf::actor_system& system, std::string name, caf::actor actor, const message_format& format);
void publish(caf::actor_system& system, std::string name, caf::actor actor, const message_format& format,
             published done);

/// That of a handle type.
template <class Handle>
const message_format& format_of_handle() {
  if constexpr (std::is_same_v<Handle, caf::actor>)
    return plain_format();
  else
    return format_of_actor<Handle>();
}

} // namespace actors

template <class F, class... Ts>
auto spawn_as_service(actor_home at, F f, Ts... xs) {
  auto made = spawning(std::move(f), std::move(xs)...).spawn(at.system(), actor_thread::usual);
  return caf::actor_cast<caf::infer_handle_from_fun_t<F>>(made);
}

template <class A, class... Ts>
auto spawn_as_service(actor_home at, Ts... xs) {
  auto made = spawning<A>(std::move(xs)...).spawn(at.system(), actor_thread::usual);
  return caf::actor_cast<caf::infer_handle_from_class_t<A>>(made);
}

template <class Handle>
result<void> publish(actor_home at, std::string name, const Handle& actor) {
  return actors::publish(at.system(), std::move(name), caf::actor_cast<caf::actor>(actor),
                         actors::format_of_handle<Handle>());
}

template <class Handle>
void publish(actor_home at, std::string name, const Handle& actor, published done) {
  actors::publish(at.system(), std::move(name), caf::actor_cast<caf::actor>(actor), actors::format_of_handle<Handle>(),
                  std::move(done));
}

} // namespace ockam
