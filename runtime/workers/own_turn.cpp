// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/own_turn.hpp"

#include "runtime/workers/shared_by_name.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <utility>

namespace ockam {

namespace {
const auto unit_name = caf::atom("ockamturns");
} // namespace

/// One for all turns of an actor system: actors keep a pointer to it, and outlive their turns.
class own_turn::unit final : public caf::execution_unit {
 public:
  explicit unit(caf::actor_system& s) : caf::execution_unit{&s} {}

  void exec_later(caf::resumable* job) override {
    if (giving_ && job == giving_->mine_ && !giving_->ready_)
      giving_->ready_ = job;
    else
      system().scheduler().enqueue(job);
  }

  /// While it lives, the actor that this thread makes ready is kept for its turn.
  class giving {
   public:
    explicit giving(own_turn& t) : outer_{std::exchange(giving_, &t)} {}
    ~giving() { giving_ = outer_; }
    giving(const giving&) = delete;
    giving& operator=(const giving&) = delete;

   private:
    own_turn* outer_;
  };

 private:
  static inline thread_local own_turn* giving_ = nullptr;
};

void own_turn::open(caf::actor_system& system) { share(system, unit_name, std::make_shared<unit>(system)); }
void own_turn::close(caf::actor_system& system) { unshare(system, unit_name); }

own_turn::own_turn(caf::actor a)
  : actor_{std::move(a)}, unit_{find_shared<unit>(actor_.home_system(), unit_name)},
    mine_{dynamic_cast<caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(actor_))} {}

void own_turn::give(caf::mailbox_element_ptr what) {
  unit::giving now{*this};
  actor_->enqueue(std::move(what), unit_.get());
}

void own_turn::run() {
  constexpr std::size_t messages = 100; // then others want their turn
  auto* job = std::exchange(ready_, nullptr);
  if (!job)
    return;
  if (job->resume(unit_.get(), messages) == caf::resumable::resume_later)
    unit_->system().scheduler().enqueue(job);
  else
    caf::intrusive_ptr_release(job);
}

void own_turn::leave() {
  if (ready_)
    unit_->system().scheduler().enqueue(std::exchange(ready_, nullptr));
}

} // namespace ockam
