// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/own_turn.hpp"

#include "runtime/workers/actor_service.hpp"
#include "runtime/workers/shared_by_name.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/detail/invoke_result_visitor.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/sec.hpp>

#include <exception>
#include <utility>

namespace ockam {

namespace {

const auto unit_name = caf::atom("ockamturns");

/// Messages of others that an actor handles in a turn; then others want theirs.
constexpr std::size_t messages_of_others = 100;

/// Hears what a handler returns.
class listener final : public caf::detail::invoke_result_visitor {
 public:
  explicit listener(const caf::mailbox_element& asked) : asked_{asked} {}

  using caf::detail::invoke_result_visitor::operator();
  void operator()() override {} // a promise, or another actor, has the way back
  void operator()(caf::error& e) override { keep(caf::make_message(std::move(e))); }
  void operator()(caf::message& m) override { keep(std::move(m)); }
  void operator()(const caf::none_t&) override { keep(caf::make_message(caf::make_error(caf::sec::unexpected_response))); }

  std::optional<caf::message> said;

 private:
  void keep(caf::message m) {
    if (asked_.sender && !asked_.mid.is_answered())
      said = std::move(m);
  }

  const caf::mailbox_element& asked_;
};

/// CAF has no other way to the exception handler of an actor.
class exceptions_of : private caf::scheduled_actor {
 public:
  static exception_handler& handler(caf::scheduled_actor& a) { return a.*(&exceptions_of::exception_handler_); }
};

/// Whether the next request is for the behavior and for nothing else. Not so: it awaits a response, keeps messages that it
/// has skipped, has a time-out, or streams.
bool has_plain_turn(caf::scheduled_actor& a) {
  return a.has_behavior() && &a.current_behavior() == &a.bhvr_stack().back() && !a.current_behavior().timeout().valid()
         && a.get_normal_queue().cache().empty() && a.stream_managers().empty();
}

/// As CAF does where `exception_manners` do not say otherwise: its handler says what is answered, and the actor ends.
std::optional<caf::message> answer_exception(caf::scheduled_actor& a, const caf::mailbox_element& asked, bool promised) {
  auto thrown = std::current_exception();
  auto& handler = exceptions_of::handler(a);
  if (handler.target<actors::exception_manners>())
    return caf::make_message(actors::reason_of(thrown));
  auto why = a.call_handler(handler, &a, thrown);
  if (why == caf::sec::runtime_error && why.context().empty()) // of CAF's own handler, which prints the words and forgets them
    why = actors::reason_of(thrown);
  std::optional<caf::message> said;
  if (!promised && asked.sender)
    said = caf::make_message(why);
  a.quit(std::move(why));
  return said;
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
  : actor_{std::move(a)}, unit_{find_shared<unit>(actor_.home_system(), unit_name)},
    self_{dynamic_cast<caf::event_based_actor*>(caf::actor_cast<caf::abstract_actor*>(actor_))} {
  if (self_ && self_->getf(caf::abstract_actor::is_detached_flag))
    self_ = nullptr;
}

std::optional<caf::message> own_turn::ask(caf::mailbox_element_ptr& x) {
  if (!self_ || !self_->mailbox().try_unblock()) {
    actor_->enqueue(std::move(x), unit_.get());
    return {};
  }
  auto then = after::more;
  std::optional<caf::message> said;
  if (self_->activate(unit_.get()) && has_plain_turn(*self_))
    said = call(x, then);
  else
    actor_->enqueue(std::move(x), unit_.get()); // not blocked: for this turn
  if (then == after::more && !self_->mailbox().try_block())
    go_on();
  return said;
}

std::optional<caf::message> own_turn::call(caf::mailbox_element_ptr& x, after& then) {
  auto& a = *self_;
  a.current_mailbox_element(x.get());
  listener hear{*x};
  auto result = caf::match_case::match;
  try {
    result = a.bhvr_stack().back()(hear, x->content());
  } catch (...) {
    hear.said = answer_exception(a, *x, !x->sender);
  }
  a.current_mailbox_element(nullptr);
  if (result == caf::match_case::no_match)
    actor_->enqueue(std::move(x), unit_.get());
  else if (result == caf::match_case::skip)
    a.get_normal_queue().cache().push_back(x.release()); // push_to_cache of CAF counts it twice
  a.bhvr_stack().cleanup();
  if (a.finalize())
    then = after::nothing;
  return std::move(hear.said);
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
