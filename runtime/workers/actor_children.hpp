// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/workers.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/spawn_options.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace caf {
class actor_system;
} // namespace caf

namespace ockam {

/// As `self->spawn<caf::linked>(f, xs…)`: a child that ends with `self`, and `self` with it unless it ends normally.
/// Keep the handle: an actor that nobody has one to ends, and not normally. The child is shown below the service of
/// `self`
/// (`ockam worker tree`) by the name that it gives itself. CAF keeps no list of who has started whom, so children that
/// are started otherwise are not shown. Thread: that of `self`.
template <caf::spawn_options Os = caf::no_spawn_options, class Self, class F, class... Ts>
auto spawn_child(Self* self, F f, Ts&&... xs);
/// The same for an actor of a class.
template <class A, caf::spawn_options Os = caf::no_spawn_options, class Self, class... Ts>
auto spawn_child(Self* self, Ts&&... xs);

namespace actors {

/// Which actor has started which, of those that were started by `spawn_child`. One of each actor system. Thread: any.
class children {
 public:
  /// More are not noted: what is shown is no reason to keep any amount.
  static constexpr std::size_t most = 100'000;
  /// Of one service, in lists.
  static constexpr std::size_t most_shown = 1'000;

  /// Null before `open` and after `close`.
  static std::shared_ptr<children> of(caf::actor_system& system);
  static std::shared_ptr<children> open(caf::actor_system& system);
  static void close(caf::actor_system& system);

  /// False when there are too many.
  bool add(actor_child c);
  void remove(std::uint64_t parent, std::uint64_t id);
  /// All that descend from this actor, parents before their children; one above `most_shown` says that there are more.
  std::vector<actor_child> below(std::uint64_t id) const;

 private:
  mutable std::mutex lock_;
  std::unordered_map<std::uint64_t, std::map<std::uint64_t, std::string>> by_parent_; ///< names by id
  std::size_t size_ = 0;
};

/// The name that it has given itself; empty when it has what CAF calls all of its kind.
std::string name_of(const caf::actor& a);
/// Notes a child until it ends.
void note_child(caf::actor_system& system, std::uint64_t parent, const caf::actor& child);

} // namespace actors

template <caf::spawn_options Os, class Self, class F, class... Ts>
auto spawn_child(Self* self, F f, Ts&&... xs) {
  auto child = self->template spawn<Os + caf::linked>(std::move(f), std::forward<Ts>(xs)...);
  actors::note_child(self->home_system(), self->id(), caf::actor_cast<caf::actor>(child));
  return child;
}

template <class A, caf::spawn_options Os, class Self, class... Ts>
auto spawn_child(Self* self, Ts&&... xs) {
  auto child = self->template spawn<A, Os + caf::linked>(std::forward<Ts>(xs)...);
  actors::note_child(self->home_system(), self->id(), caf::actor_cast<caf::actor>(child));
  return child;
}

} // namespace ockam
