// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor.hpp>
#include <caf/mailbox_element.hpp>

#include <memory>

namespace caf {
class actor_system;
class scheduled_actor;
} // namespace caf

namespace ockam {

class request_call;

/// Asks an actor on the thread of who asks, so that a request costs no change of thread: while nobody else runs the actor
/// and nothing waits for it, this thread has its turn. Then its handler is called with the request, and what it returns is
/// the answer, without its mailbox, a promise and a message for the answer:
///
///     ask ──▶ blocked mailbox? ──no──▶ mailbox; whoever runs the actor handles it
///                  │ yes: this thread's turn
///                  ▼
///             plain handler? ──no──▶ mailbox, handled in this turn (as CAF does: skipping, awaiting, time-outs …)
///                  │ yes
///                  ▼
///             handler ──▶ what it returns
///                  │
///                  ▼
///             what has come in meanwhile; too much: CAF's scheduler
///
/// Calls come from one thread at a time.
class own_turn {
 public:
  /// What actors see as the thread that runs them. They may point at it as long as they live.
  class unit;

  /// Before the first actor of a system gets a turn, and when none lives any more.
  static void open(caf::actor_system& system);
  static void close(caf::actor_system& system);

  explicit own_turn(caf::actor a);

  /// `hears` what a handler returns to `x`, an error as a message of one. When it has heard nothing, the answer goes to
  /// the sender of `x`, now or later, or there is none. `x` is still there when nobody has kept it.
  void ask(caf::mailbox_element_ptr& x, request_call& hears);

 private:
  enum class after { more, nothing };

  /// As CAF calls its behavior.
  after call(caf::mailbox_element_ptr& x, request_call& hears);
  void go_on();

  caf::actor actor_;
  std::shared_ptr<unit> unit_;
  caf::scheduled_actor* self_; ///< the actor; null: it is none that is run on any thread
};

} // namespace ockam
