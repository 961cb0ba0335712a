// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/access_control.hpp"
#include "runtime/core/message.hpp"
#include "runtime/core/unique_function.hpp"
#include "runtime/workers/children.hpp"
#include "runtime/workers/requests.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

/// Every actor of a node on one page. Start reading here.
///
///     peer ══▶ link ──▶ ROUTER'S SWITCHBOARD ──▶ echo, hop, uppercase, link …   socket thread: calls
///                            │        ▲
///                       parcel        parcel                                   pool: mailboxes
///                            ▼        │
///                          POOL HOST (plugin, your service)
///
/// The path of a message. A link decodes a frame into a `message`, charges its budget, and appends it to
/// the switchboard's run queue (`switchboard::deliver`). At the end of the event the queue is worked off:
/// for each message the first onward address is looked up, flow control is checked, and its receiver is
/// called. A worker on the socket thread is called directly (no mailbox, no wake-up); one on the pool gets
/// a parcel of all that this turn has for it. What links have to write goes out in one system call at the
/// end of the turn. What a slow receiver cannot take yet waits at it, and holds up the links that sent it, for a
/// bounded time; what cannot go on at all is dropped, counted and, if asked for, reported.
///
/// Who owns what. `node` owns the actor system, the reactor and the switchboard, in this order of death:
/// workers, links and listeners (told to stop, on the socket thread), then the actors, then the plain
/// objects. A host actor owns its worker. A transport owns its listeners and knows its links by address.
/// Raw pointers to receivers stand only in the switchboard's table and are removed by their owners.
namespace ockam {

/// A message for a pool worker, or what came of its request `number`: the reply, or why there is none.
struct incoming {
  message_ptr what;
  std::uint64_t request = 0; ///< 0: not of a request
  errc why = errc::ok;
};

/// Messages for a pool worker, handed over as one. Moved out by the one who receives it; what is still in
/// it at the end was lost with its worker, and is counted.
struct inbox {
  std::vector<incoming> messages;
  std::chrono::steady_clock::time_point arrived; ///< when it was sent
  std::shared_ptr<std::atomic<std::uint64_t>> lost;
  ~inbox() {
    for (auto& m : messages)
      if (m.what)
        lost->fetch_add(1, std::memory_order_relaxed);
  }
};

/// What a pool worker did in one go: messages to deliver, to drop with a reason, or to await a reply of.
struct outgoing {
  struct special {
    drop_reason why = drop_reason::none; ///< none: a request
    std::string detail;
    std::uint64_t request = 0;
    std::chrono::milliseconds timeout{0};
  };
  message_ptr what;
  std::unique_ptr<special> how; ///< null: deliver
};
struct outbox {
  host_id from;
  std::shared_ptr<const access_control> access; ///< where it may send; null: anywhere
  std::vector<outgoing> messages;
};

/// What became of a pool worker.
struct host_event {
  enum class kind : std::uint8_t {
    started, ///< `on_start` has returned; told once
    starts_again, ///< it has ended, and is made anew
    ended    ///< there is none any more, and none will be made; before `started`: it could not start
  };
  host_id who;
  kind what = kind::started;
  error why{errc::ok, {}, {}}; ///< of its end: ok when it wanted to
};

/// CAF copies a message that is shared; a pointer keeps credit from being copied with it.
using parcel_in = std::shared_ptr<inbox>;
using parcel_out = std::shared_ptr<outbox>;
using family_request = std::shared_ptr<family_event>;
using posted_task = std::shared_ptr<unique_function<void()>>;

using timer_atom = caf::atom_constant<caf::atom("timer")>;
using start_atom = caf::atom_constant<caf::atom("start")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;

/// ROUTER. A broker: runs on the socket thread, owns the turn. Everyone there calls its switchboard;
/// everyone elsewhere sends it messages, so that messages of one sender stay in order.
///
/// | message      | effect                                                                               |
/// |--------------|--------------------------------------------------------------------------------------|
/// | `parcel_out` | delivers, drops or awaits the reply of each, in order; ends the turn                  |
/// | `host_event`  | a pool worker has started: answers who started it; has ended: frees its name, tells who watches it |
/// | `family_request` | starts or ends children of a pool worker                                          |
using router_actor = caf::actor;

/// SOCKET HOST. A broker that runs one worker on the socket thread: echo, hop, uppercase, each link, control; of portals, outlets, sessions of inlets, ends of streams.
/// The switchboard calls the worker directly; the mailbox serves its life cycle only.
///
/// | message            | effect                                                                       |
/// |--------------------|------------------------------------------------------------------------------|
/// | `caf::exit_msg`    | `on_stop`, and the worker is destroyed                                        |
using socket_host_actor = caf::actor;

/// POOL HOST. An event-based actor that runs one worker on the pool.
///
/// | message            | effect                                                                       |
/// |--------------------|------------------------------------------------------------------------------|
/// | `start_atom`       | makes the worker and calls `on_start`; `host_event` to the router              |
/// | `parcel_in`        | `on_message` for each; what it sends goes to the router as one parcel         |
/// | `timer_atom, u64`  | `on_timer`; after a failure: makes the worker anew                            |
/// | `posted_task`      | runs it                                                                       |
/// | `stop_atom`        | `on_stop`, and the end                                                        |
using pool_host_actor = caf::actor;

/// HANDLE TO A ROUTE. What `ockam::remote` gives: no behaviour and no mailbox, but something to send to, monitor and link to
/// (`remote_actor.hpp`, `watching_handle.hpp`).
///
/// | message            | effect                                                                        |
/// |--------------------|-------------------------------------------------------------------------------|
/// | text, `content`, … | a message along the route, by the worker `_internal.actors`; a request: its reply |
/// | `caf::exit_msg`    | the end of the handle, if the reason is not `normal`                           |
///
/// While somebody monitors it or is linked to it, the worker at the end of the route is watched, by the worker
/// `_internal.watcher` here and `_internal.watch` there; its end becomes `caf::down_msg` and `caf::exit_msg`, and the handle
/// goes on.
using remote_handle_actor = caf::actor;
// Workers that are more than an answer to a message; each is run by a SOCKET HOST.
//
// | worker            | messages                                     | effect                                             |
// |-------------------|----------------------------------------------|----------------------------------------------------|
// | RELAY SERVICE     | a name, as a BARE string                     | makes the RELAY `forward_to_NAME`; its address       |
// | RELAY             | anything                                     | on along the way of its registration               |
// | RELAY CLIENT      | the address of its relay; pings; reports     | stays registered (`relays/relay_client.hpp`)        |

} // namespace ockam

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::parcel_in)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::parcel_out)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::host_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::family_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::posted_task)
