// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

/// Every actor of a node on one page. Start reading here.
///
///     peer ══▶ link ──▶ ROUTER'S SWITCHBOARD ──▶ echo, hop, uppercase, link …   socket thread: calls
///                            │        ▲
///                       parcel        parcel                                   pool: mailboxes
///                            ▼        │
///                          POOL HOST (script, plugin, your service)
///
/// The path of a message. A link decodes a frame into a `message`, charges its budget, and appends it to
/// the switchboard's run queue (`switchboard::deliver`). At the end of the event the queue is worked off:
/// for each message the first onward address is looked up, flow control is checked, and its receiver is
/// called. A worker on the socket thread is called directly (no mailbox, no wake-up); one on the pool gets
/// a parcel of all that this turn has for it. What links have to write goes out in one system call at the
/// end of the turn. Nothing waits: what cannot go on is dropped, counted and, if asked for, reported.
///
/// Who owns what. `node` owns the actor system, the reactor and the switchboard, in this order of death:
/// workers, links and listeners (told to stop, on the socket thread), then the actors, then the plain
/// objects. A host actor owns its worker. A transport owns its listeners and knows its links by address.
/// Raw pointers to receivers stand only in the switchboard's table and are removed by their owners.
namespace ockam {

/// Messages for a pool worker, handed over as one. Moved out by the one who receives it; what is still in
/// it at the end was lost with its worker, and is counted.
struct inbox {
  std::vector<message_ptr> messages;
  std::shared_ptr<std::atomic<std::uint64_t>> lost;
  ~inbox() {
    for (auto& m : messages)
      if (m)
        lost->fetch_add(1, std::memory_order_relaxed);
  }
};

/// What a pool worker did in one go: messages to deliver, or to drop with a reason.
struct outgoing {
  message_ptr what;
  drop_reason why = drop_reason::none; ///< none: deliver
  std::string detail;
};
using outbox = std::vector<outgoing>;

/// CAF copies a message that is shared; a pointer keeps credit from being copied with it.
using parcel_in = std::shared_ptr<inbox>;
using parcel_out = std::shared_ptr<outbox>;

using timer_atom = caf::atom_constant<caf::atom("timer")>;
using died_atom = caf::atom_constant<caf::atom("died")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;

/// ROUTER. A broker: runs on the socket thread, owns the turn. Everyone there calls its switchboard;
/// everyone elsewhere sends it messages, so that messages of one sender stay in order.
///
/// | message                          | effect                                                         |
/// |----------------------------------|----------------------------------------------------------------|
/// | `parcel_out`                     | delivers or drops each, in order; ends the turn                 |
/// | `died_atom, u64 host, string why`| a pool worker ended itself (why: empty) or threw: frees its name|
using router_actor = caf::actor;

/// LIGHT HOST. A broker that runs one worker on the socket thread: echo, hop, uppercase, each link, control.
/// The switchboard calls the worker directly; the mailbox serves its life cycle only.
///
/// | message            | effect                                                                       |
/// |--------------------|------------------------------------------------------------------------------|
/// | `caf::exit_msg`    | `on_stop`, and the worker is destroyed                                        |
using light_host_actor = caf::actor;

/// POOL HOST. An event-based actor that runs one worker on the pool.
///
/// | message              | effect                                                                     |
/// |----------------------|----------------------------------------------------------------------------|
/// | `stop_atom, bool`    | true: `on_start`; false: `on_stop`, and the end                             |
/// | `parcel_in`          | `on_message` for each; what it sends goes to the router as one parcel       |
/// | `timer_atom, u64`    | `on_timer`                                                                  |
using pool_host_actor = caf::actor;

} // namespace ockam

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::parcel_in)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::parcel_out)
