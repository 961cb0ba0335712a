// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor.hpp>
#include <caf/mailbox_element.hpp>

#include <memory>

namespace caf {
class actor_system;
class resumable;
} // namespace caf

namespace ockam {

/// Gives an actor messages and runs it then on the same thread, so that a message costs no change of thread. Whoever else
/// becomes ready meanwhile goes to CAF's scheduler, and so does the actor where it has more to do than its turn. Calls
/// come from one thread at a time.
class own_turn {
 public:
  /// What actors see as the thread that runs them. They may point at it as long as they live.
  class unit;

  /// Before the first actor of a system gets a turn, and when none lives any more.
  static void open(caf::actor_system& system);
  static void close(caf::actor_system& system);

  /// One that has a thread of its own keeps that, and is never ready.
  explicit own_turn(caf::actor a);
  ~own_turn() { leave(); }
  own_turn(const own_turn&) = delete;
  own_turn& operator=(const own_turn&) = delete;

  void give(caf::mailbox_element_ptr what);
  /// It has messages, and nobody else runs it.
  bool is_ready() const noexcept { return ready_ != nullptr; }
  void run();
  /// Somebody else runs it.
  void leave();

 private:
  caf::actor actor_;
  std::shared_ptr<unit> unit_;
  caf::resumable* mine_;            ///< the actor; null: it is none that is run
  caf::resumable* ready_ = nullptr; ///< the actor, with a reference to it
};

} // namespace ockam
