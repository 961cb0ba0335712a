// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/access_control.hpp"
#include "runtime/core/route.hpp"
#include "runtime/core/unique_function.hpp"
#include "runtime/workers/watching.hpp"

#include <caf/actor_system.hpp>
#include <caf/monitorable_actor.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace ockam {

/// What somebody asks of a node's watches.
struct watch_order {
  using ended = unique_function<void(const error& why)>;

  watch_id id = 0;
  route to;
  std::shared_ptr<const access_control> by = {}; ///< where the one who watches may send; null: anywhere
  ended then;                                    ///< called once, on the socket thread; empty: `id` is watched no more
};

/// The way to the watches of a node (`watch_client`) for whoever is on another thread: workers of the pool, handles to routes.
/// An actor, so that CAF's registry can hold it. Thread: any.
class watch_desk final : public caf::monitorable_actor {
 public:
  /// Orders that wait for the socket thread.
  static constexpr std::size_t most_waiting = 100'000;

  /// `wake` is called when there is something after there was nothing; on any thread.
  watch_desk(caf::actor_config& cfg, std::function<void()> wake) : caf::monitorable_actor{cfg}, wake_{std::move(wake)} {}

  const char* name() const override { return "watch-desk"; }
  void enqueue(caf::mailbox_element_ptr, caf::execution_unit*) override {} // nobody sends it anything

  /// The one of this system, while its node runs; else null.
  static std::shared_ptr<watch_desk> of(caf::actor_system& system);
  /// Makes that of this system.
  static std::shared_ptr<watch_desk> open(caf::actor_system& system, std::function<void()> wake);
  /// `of` gives null from now on.
  static void close(caf::actor_system& system);

  /// Never waits, and calls nothing but `wake`. When too many wait, `then` is called by `take`'s caller as the others.
  watch_id watch(route to, std::shared_ptr<const access_control> by, watch_order::ended then);
  void unwatch(watch_id id);
  /// All that was ordered since, in order. Socket thread.
  std::vector<watch_order> take();

 private:
  void add(watch_order o);

  std::function<void()> wake_;
  std::atomic<watch_id> last_{0};
  std::mutex lock_;
  std::vector<watch_order> orders_;
};

} // namespace ockam
