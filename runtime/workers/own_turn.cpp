// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/own_turn.hpp"

#include "runtime/workers/actor_request.hpp"
#include "runtime/workers/actor_service.hpp"
#include "runtime/workers/shared_by_name.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/execution_unit.hpp>
#include <caf/make_message.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/sec.hpp>

#include <exception>
#include <utility>

namespace ockam {

namespace {

const auto unit_name = caf::atom("ockamturns");

/// Messages of others that an actor handles in a turn; then others want theirs.
constexpr std::size_t messages_of_others = 100;

/// CAF has no other way to the exception handler of an actor.
class exceptions_of : private caf::scheduled_actor {
 public:
  static exception_handler& handler(caf::scheduled_actor& a) { return a.*(&exceptions_of::exception_handler_); }
};

/// As CAF's `activate` and `finalize`, without a call where these have nothing to do: in all turns but the first and the last.
bool begins_turn(caf::scheduled_actor& a, caf::execution_unit* where) {
  if (!a.getf(caf::abstract_actor::is_initialized_flag) || !a.has_behavior())
    return a.activate(where);
  a.context(where);
  return true;
}
bool has_ended(caf::scheduled_actor& a) {
  return (!a.has_behavior() || a.getf(caf::abstract_actor::is_cleaned_up_flag)) && a.finalize();
}

/// The actor, typed or not; null: it has a thread of its own, or is a broker, which belongs to the one of the sockets, or is
/// nothing that is scheduled.
caf::scheduled_actor* for_any_thread(const caf::actor& a) {
  auto* out = dynamic_cast<caf::scheduled_actor*>(caf::actor_cast<caf::abstract_actor*>(a));
  bool is_any = out && out->subtype() == caf::resumable::scheduled_actor && !out->getf(caf::abstract_actor::is_detached_flag);
  return is_any ? out : nullptr;
}

/// Whether the next request is for the behavior and for nothing else. Not so: it awaits a response, keeps messages that it
/// has skipped, has a time-out, or streams.
bool has_plain_turn(caf::scheduled_actor& a) {
  return a.has_behavior() && &a.current_behavior() == &a.bhvr_stack().back() && !a.current_behavior().timeout().valid()
         && a.get_normal_queue().cache().empty() && a.stream_managers().empty();
}

/// As CAF does where `exception_manners` do not say otherwise: its handler says what is answered, and the actor ends.
void hear_exception(caf::scheduled_actor& a, const caf::mailbox_element& asked, request_call& hears) {
  auto thrown = std::current_exception();
  bool is_promised = !asked.sender;
  auto& handler = exceptions_of::handler(a);
  if (handler.target<actors::exception_manners>()) {
    hears.said = caf::make_message(actors::reason_of(thrown));
    return;
  }
  auto why = a.call_handler(handler, &a, thrown);
  if (why == caf::sec::runtime_error && why.context().empty()) // of CAF's own handler, which prints the words and forgets them
    why = actors::reason_of(thrown);
  hears.said = std::monostate{};
  if (!is_promised && asked.sender)
    hears.said = caf::make_message(why);
  a.quit(std::move(why));
}

} // namespace

/// One for all turns of an actor system: actors keep a pointer to it, and outlive their turns.
class own_turn::unit final : public caf::execution_unit {
 public:
  explicit unit(caf::actor_system& s) : caf::execution_unit{&s} {}

  void exec_later(caf::resumable* job) override { system().scheduler().enqueue(job); }
};

void own_turn::open(caf::actor_system& system) { share(system, unit_name, std::make_shared<unit>(system)); }
void own_turn::close(caf::actor_system& system) { unshare(system, unit_name); }

own_turn::own_turn(caf::actor a)
  : actor_{std::move(a)}, unit_{find_shared<unit>(actor_.home_system(), unit_name)}, self_{for_any_thread(actor_)} {}

void own_turn::ask(caf::mailbox_element_ptr& x, request_call& hears) {
  if (!self_ || !self_->mailbox().try_unblock()) {
    actor_->enqueue(std::move(x), unit_.get());
    return;
  }
  auto then = after::more;
  if (begins_turn(*self_, unit_.get()) && has_plain_turn(*self_))
    then = call(x, hears);
  else
    actor_->enqueue(std::move(x), unit_.get()); // not blocked: for this turn
  if (then == after::more && !self_->mailbox().try_block())
    go_on();
}

own_turn::after own_turn::call(caf::mailbox_element_ptr& x, request_call& hears) {
  auto& a = *self_;
  a.current_mailbox_element(x.get());
  auto result = caf::match_case::match;
  try {
    result = a.bhvr_stack().back()(hears, x->content());
  } catch (...) {
    hear_exception(a, *x, hears);
  }
  a.current_mailbox_element(nullptr);
  if (result == caf::match_case::no_match)
    actor_->enqueue(std::move(x), unit_.get());
  else if (result == caf::match_case::skip)
    a.get_normal_queue().cache().push_back(x.release()); // push_to_cache of CAF counts it twice
  a.bhvr_stack().cleanup();
  return has_ended(a) ? after::nothing : after::more;
}

/// As CAF's scheduler does it.
void own_turn::go_on() {
  caf::intrusive_ptr_add_ref(self_->ctrl());
  if (self_->resume(unit_.get(), messages_of_others) == caf::resumable::resume_later)
    unit_->system().scheduler().enqueue(self_);
  else
    caf::intrusive_ptr_release(self_->ctrl());
}

} // namespace ockam
