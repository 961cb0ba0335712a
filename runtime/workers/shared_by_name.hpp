// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/atom.hpp>

#include <memory>
#include <utility>

namespace caf {
class actor_system;
} // namespace caf

namespace ockam {

/// What whoever has an actor system finds there by a name. CAF's registry, in which it is, has nothing but actors. Who
/// puts something there takes it out before the system ends: its registry ends late. Thread: any.
void share(caf::actor_system& system, caf::atom_value name, std::shared_ptr<void> what);
void unshare(caf::actor_system& system, caf::atom_value name);
/// Null: there is none.
std::shared_ptr<void> find_shared(caf::actor_system& system, caf::atom_value name);

/// The same of one type, as it was shared.
template <class T>
std::shared_ptr<T> find_shared(caf::actor_system& system, caf::atom_value name) {
  return std::static_pointer_cast<T>(find_shared(system, name));
}

} // namespace ockam
