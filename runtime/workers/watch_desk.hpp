// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/access_control.hpp"
#include "runtime/core/route.hpp"
#include "runtime/core/unique_function.hpp"
#include "runtime/workers/watcher.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace caf {
class actor_system;
} // namespace caf

namespace ockam {

/// What somebody asks of the watches of a node.
struct watch_order {
  route to;
  std::shared_ptr<const access_control> by; ///< where the one who watches may send; null: anywhere
  watcher::ended then;                      ///< called once, on the socket thread
};

/// The way to the watches of a node (`watch_client`) for whoever is on another thread: workers of the pool, actors that
/// have a handle to a route. What is ordered and taken back before anybody has looked leaves nothing. Thread: any.
class watch_desk {
 public:
  struct orders {
    std::map<watch_id, watch_order> fresh; ///< in the order in which they were made
    std::vector<watch_id> gone;            ///< of earlier ones
  };

  /// `wake` is called when there is something after there was nothing, on any thread.
  explicit watch_desk(std::function<void()> wake) : wake_{std::move(wake)} {}

  /// That of the node whose worker or actors these are, while the node runs; else null.
  static std::shared_ptr<watch_desk> of(const worker& w);
  static std::shared_ptr<watch_desk> of(caf::actor_system& system);
  /// From now on `of` finds this one; null: none.
  static void set(const worker& w, std::shared_ptr<watch_desk> desk);
  static void set(caf::actor_system& system, std::shared_ptr<watch_desk> desk);

  /// 0: it is closed, since the node stops; the order is gone, and its `then` is not called.
  watch_id watch(watch_order o);
  void unwatch(watch_id id);
  /// All since the last call. For the one who is woken.
  orders take();
  /// The same for the last time: nothing is taken any more.
  orders close();

 private:
  std::function<void()> wake_;
  std::mutex lock_;
  watch_id last_ = 0;
  orders waiting_;
  bool closed_ = false;
};

} // namespace ockam
