// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/actor_publisher.hpp"
#include "runtime/workers/actor_children.hpp"
#include "runtime/workers/actor_service.hpp"
#include "runtime/workers/plugin.hpp"
#include "runtime/workers/remote_actor.hpp"
#include "runtime/workers/worker_host.hpp"

#include <caf/config.hpp>
#include <caf/message_handler.hpp>
#include <caf/scheduled_actor.hpp>

/// For who knows CAF: a service that is any CAF actor (`actor_service`), and the actor below a `worker`. Not needed for
/// anything else; needs the headers of CAF and of Boost.
///
///     #include <ockam/actor.hpp>
///     #include <ockam/node_main.hpp>
///
///     caf::behavior greeter(caf::event_based_actor*) {
///       return {[](const ockam::request& r) { return "Hello, " + r.text(); }};
///     }
///
///     int main(int argc, char** argv) {
///       return ockam::node_main(argc, argv, {ockam::actor_service("greeter", greeter)});
///     }
///
/// A handler for `ockam::request` gets what is sent to the service. What it returns is the reply: a `std::string`, an
/// `ockam::content`, a `caf::result` or a promise of either, or what an actor says that it delegates to; nothing, and there is
/// no reply; a `caf::error` or an exception, and whoever asked gets its words. Other exceptions end the actor (`spawning`);
/// whether it is started again says `restart` of the service.
namespace ockam {

// -- the actor below a worker: call these from the worker's own members, on its thread, not in its constructor

/// The actor that runs `w`: its handle, its `system()`, its `spawn` and `request`. Do not `quit` it, nor
/// change its behavior: `worker::stop` ends a worker.
inline caf::scheduled_actor& actor_of(const worker& w) {
  return worker_host::of(w).actor();
}

/// Has messages of other types handled beside those of the runtime. An exception that leaves a handler
/// ends the worker like one that leaves `on_message`.
inline void handle_also(const worker& w, caf::message_handler handlers) {
  worker_host::of(w).handle_also(std::move(handlers));
}

/// For the node that loads this: see `plugin_note`.
[[gnu::used, gnu::section(".note.ockam"), gnu::aligned(8)]] static constexpr plugin_note<actor_interface> actor_note_of_this_file{
  .what = {.caf = CAF_VERSION}};
static_assert(sizeof(actor_note_of_this_file) % 8 == 0);

} // namespace ockam
