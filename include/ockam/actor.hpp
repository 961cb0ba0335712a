// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/worker_host.hpp"

#include <caf/message_handler.hpp>
#include <caf/scheduled_actor.hpp>

/// The CAF actor below a worker, for services that use CAF themselves: to spawn actors, to ask them, to be
/// asked by them. Not needed for anything else; needs the headers of CAF and of Boost. Call these from the
/// worker's own members, on its thread, not in its constructor.
namespace ockam {

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

} // namespace ockam
