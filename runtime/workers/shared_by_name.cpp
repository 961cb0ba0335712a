// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/shared_by_name.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

namespace ockam {

namespace {

class holder final : public caf::monitorable_actor {
 public:
  holder(caf::actor_config& cfg, std::shared_ptr<void> what) : caf::monitorable_actor{cfg}, held{std::move(what)} {}

  const char* name() const override { return "holder"; }
  void enqueue(caf::mailbox_element_ptr, caf::execution_unit*) override {} // nobody sends it anything

  const std::shared_ptr<void> held;
};

} // namespace

void share(caf::actor_system& system, caf::atom_value name, std::shared_ptr<void> what) {
  caf::actor_config cfg;
  system.registry().put(name, caf::make_actor<holder, caf::strong_actor_ptr>(system.next_actor_id(), system.node(),
                                                                             &system, cfg, std::move(what)));
}

void unshare(caf::actor_system& system, caf::atom_value name) { system.registry().erase(name); }

std::shared_ptr<void> find_shared(caf::actor_system& system, caf::atom_value name) {
  auto found = system.registry().get<caf::strong_actor_ptr>(name);
  return found ? static_cast<holder*>(found->get())->held : nullptr;
}

} // namespace ockam
