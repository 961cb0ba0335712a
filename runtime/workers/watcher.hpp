// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"
#include "runtime/core/route.hpp"
#include "runtime/core/unique_function.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace ockam {

class worker;

/// One watch: of a `watcher`, which numbers its own, or of a node (`watch_desk`), which numbers those of all. Of whoever
/// has given it, it is never 0 and never used again.
using watch_id = std::uint64_t;

/// What a worker watches: workers at the ends of routes, of this node (`0#echo` alone) or of others, through any
/// number of nodes. A member of the worker, so what is watched is let go when the worker ends:
///
///     watcher watches_{*this};
///     …
///     watches_.watch({"to-n2", "greeter"}, [this](const error& why) { log_info("it has ended: " + why.cause); });
///
/// A watch is of the one that is there now. It ends with the first of:
///
/// | what happened                                   | `why`                                                       |
/// |-------------------------------------------------|-------------------------------------------------------------|
/// | it ended because it wanted to                   | `ok`                                                        |
/// | it was stopped, replaced, or its node stops     | `closed`                                                    |
/// | it failed; restarted or not, this one is no more | `service_failed`, with its words                           |
/// | none is there, or not for whoever comes this way | `undeliverable`                                            |
/// | nothing was heard from its node for 8 s          | `unreachable`, with what a report on the way has said      |
/// | its node has been started again meanwhile        | `closed`                                                   |
/// | the route is none                                | `invalid_route`                                            |
/// | too many are watched, here or there              | `limit_reached`                                            |
///
/// A connection that is lost and comes back within that time is not noticed. A service with several instances has ended
/// when the last of them has. On a node of another implementation nobody tells of the end of a worker: there a watch
/// ends when its node is not heard (its `echo` is asked). docs/protocol.md, Watches.
///
/// Thread: the worker's, as its members; also in its constructor, but `watch` only from `on_start` on.
class watcher {
 public:
  using ended = unique_function<void(const error& why)>;

  /// What one worker may watch at one time.
  static constexpr std::size_t most = 10'000;

  explicit watcher(worker& owner) noexcept : owner_{owner} {}
  ~watcher();
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;

  /// `then` is called once, later, on the worker's thread, as code of the worker; not at all after `unwatch` or when
  /// the worker ends first. An empty `then` is `std::invalid_argument`.
  watch_id watch(route to, ended then);
  /// No effect when it has ended.
  void unwatch(watch_id id) noexcept;
  std::size_t size() const noexcept;

 private:
  struct state;

  worker& owner_;
  std::shared_ptr<state> state_; ///< null: has watched nothing yet
};

} // namespace ockam
