// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/route.hpp"
#include "runtime/workers/watcher.hpp"

#include <caf/monitorable_actor.hpp>

#include <cstdint>
#include <memory>

namespace ockam {

/// What a handle to a route adds to an actor of CAF, so that it can be monitored and linked to as one that runs here:
/// as long as anybody does, the worker at the end of the route is watched (`watch_desk`), and what is told of it is
/// told as the end of an actor: `down_msg`, `exit_msg`, whatever else was attached. The handle itself goes on: what is
/// attached after that is about the worker that has the name then. Thread: any.
///
///     nobody ──attach──▶ watched ──last one detached, exit message, no reference left──▶ nobody
///                           └─────── the worker has ended: all are told ────────────────▶ nobody
class watching_handle : public caf::monitorable_actor {
 public:
  watching_handle(caf::actor_config& cfg, std::shared_ptr<const route> to)
    : caf::monitorable_actor{cfg}, to_{std::move(to)} {}

  const std::shared_ptr<const route>& where() const noexcept { return to_; }

  void attach(caf::attachable_ptr what) override;
  std::size_t detach(const caf::attachable::token& what) override;
  void add_link(caf::abstract_actor* other) override;
  void remove_link(caf::abstract_actor* other) override;
  bool add_backlink(caf::abstract_actor* other) override;
  bool remove_backlink(caf::abstract_actor* other) override;
  void on_destroy() override;

 protected:
  void on_cleanup(const caf::error& reason) override;
  /// The end of one that is linked, or a wish that the handle end: by its own wish, the link is gone and no more.
  void on_exit_message(const caf::exit_msg& m, caf::execution_unit* unit);

 private:
  /// Watches when somebody is attached, and does not when nobody is. In the critical section.
  void follow();
  void ended(std::uint64_t serial, const error& why);

  std::shared_ptr<const route> to_;
  watch_id watch_ = 0;       ///< 0: none is wanted
  std::uint64_t serial_ = 0; ///< of the watch: what is told of an earlier one comes too late
};

} // namespace ockam
