// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/actor_service.hpp"

#include "runtime/workers/actor_children.hpp"
#include "runtime/workers/own_turn.hpp"
#include "runtime/workers/worker_host.hpp"

#include <caf/actor_config.hpp>
#include <caf/attachable.hpp>
#include <caf/blocking_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>

#include <atomic>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace ockam {

namespace {

/// What the actor of a service says, in whatever thread it does, for the thread of the worker. An actor only as far as
/// answers can be sent to it.
class answer_box final : public caf::monitorable_actor {
 public:
  using listener = std::function<void()>;

  answer_box(caf::actor_config& cfg, postbox worker, listener hear)
    : caf::monitorable_actor{cfg}, worker_{std::move(worker)}, hear_{std::move(hear)} {}

  void enqueue(caf::mailbox_element_ptr answer, caf::execution_unit*) override {
    keep([&] { answers_.push_back(std::move(answer)); });
  }
  void actor_ended(const caf::error& reason) {
    keep([&] { end_ = reason; });
  }
  /// Of the worker's thread. While it lives, what is said on that thread is not told but found here.
  class visit {
   public:
    explicit visit(answer_box& b) : box_{b} { b.visitor_.store(std::this_thread::get_id(), std::memory_order_relaxed); }
    ~visit() { box_.visitor_.store({}, std::memory_order_relaxed); }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;
    bool has_heard() const noexcept { return box_.visitor_heard_; }

   private:
    answer_box& box_;
  };
  /// All since the last time, in place of what is in `all`; after the last answer, the reason why the actor has ended.
  std::optional<caf::error> take(std::vector<caf::mailbox_element_ptr>& all) {
    all.clear();
    visitor_heard_ = false;
    std::lock_guard guard{lock_};
    told_ = false;
    answers_.swap(all);
    return std::exchange(end_, {});
  }

 private:
  template <class F>
  void keep(F&& f) {
    {
      std::lock_guard guard{lock_};
      f();
      if (visitor_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
        visitor_heard_ = true;
        return;
      }
      if (std::exchange(told_, true))
        return;
    }
    worker_.post([hear = hear_] { hear(); });
  }

  postbox worker_;
  listener hear_; ///< called on the worker's thread, while there is the worker
  std::mutex lock_;
  std::vector<caf::mailbox_element_ptr> answers_;
  std::optional<caf::error> end_;
  bool told_ = false;
  std::atomic<std::thread::id> visitor_{};
  bool visitor_heard_ = false; ///< of the worker's thread
};

/// Messages that wait for an answer, by a number that is used once. No memory is taken for one that is put and taken
/// while few are here.
class pending_slots {
 public:
  struct slot {
    shared_message_ptr what;
    std::uint32_t form = 0;
    bool wants_answer = true;
  };

  /// The number of the next one that waits, whether it comes to that or not.
  std::uint64_t next_number() {
    if (free_.empty()) {
      free_.push_back(all_.size());
      all_.emplace_back();
    }
    auto at = free_.back();
    auto& uses = all_[at].uses;
    if (++uses == 0)
      uses = 1; // no number is 0
    return std::uint64_t{uses} << index_bits | at;
  }
  /// Waits under the number that was the next one.
  void put(slot s) {
    all_[free_.back()].waits = std::move(s);
    free_.pop_back();
  }
  /// Nothing in it when there is none of this number any more.
  slot take(std::uint64_t number) {
    auto at = number & ((std::uint64_t{1} << index_bits) - 1);
    if (at >= all_.size() || all_[at].uses != number >> index_bits || !all_[at].waits.what)
      return {};
    free_.push_back(at);
    return std::move(all_[at].waits);
  }
  std::vector<message_ptr> take_all() {
    std::vector<message_ptr> out;
    for (auto& e : std::exchange(all_, {}))
      if (e.waits.what)
        out.push_back(e.waits.what->take());
    free_.clear();
    return out;
  }

 private:
  // CAF leaves 58 bits for the number of a request.
  static constexpr unsigned index_bits = 24;
  struct entry {
    slot waits;
    std::uint32_t uses = 0;
  };

  std::vector<entry> all_;
  std::vector<std::uint64_t> free_;
};

/// Tells an answer box of the end of the actor that it is attached to.
class end_teller final : public caf::attachable {
 public:
  /// Which one: that of the box at this place.
  struct of_box {
    static constexpr std::size_t token_type = 0x6f636b616d; // those of CAF are small
    const answer_box* box;
  };

  explicit end_teller(caf::weak_actor_ptr box, const answer_box* at) : box_{std::move(box)}, at_{at} {}

  void actor_exited(const caf::error& reason, caf::execution_unit*) override {
    if (auto answers = box_.lock())
      static_cast<answer_box*>(answers->get())->actor_ended(reason);
  }
  using caf::attachable::matches;
  bool matches(const token& what) override {
    return what.subtype == of_box::token_type && static_cast<const of_box*>(what.ptr)->box == at_;
  }

 private:
  caf::weak_actor_ptr box_;
  const answer_box* at_;
};

/// Where an actor runs that a worker on the pool asks (`own_turn`), or one on the socket thread.
actor_runs runs(const caf::actor& a, bool for_pool) {
  auto* any = caf::actor_cast<caf::abstract_actor*>(a);
  if (any->getf(caf::abstract_actor::is_detached_flag) || any->getf(caf::abstract_actor::is_blocking_flag))
    return actor_runs::detached;
  auto* scheduled = dynamic_cast<caf::scheduled_actor*>(any);
  if (scheduled && scheduled->subtype() == caf::resumable::io_actor)
    return actor_runs::on_sockets;
  return scheduled && !for_pool ? actor_runs::on_scheduler : actor_runs::with_worker;
}

/// Whether an actor of CAF takes no messages any more. One whose requests bounce does not, from before the first that does;
/// then who is attached to it is told of its end.
bool is_over(const caf::actor& a) {
  auto* any = caf::actor_cast<caf::abstract_actor*>(a);
  if (auto* scheduled = dynamic_cast<caf::scheduled_actor*>(any))
    return scheduled->mailbox().closed();
  if (auto* blocking = dynamic_cast<caf::blocking_actor*>(any))
    return blocking->mailbox().closed();
  return !any || any->getf(caf::abstract_actor::is_cleaned_up_flag);
}

/// Asks an actor on behalf of whoever sends to the service, and answers with what it says.
///
///     on_message ══request══▶ actor
///                                │ what a handler returns, or an error
///           hear ◀───────── answer_box
///
/// A message that it has asked about waits in a slot, charged to the service's budget, until it is answered. The actor
/// ends with the service, and the service with the actor: as failed, if the actor has not ended normally.
class actor_worker final : public worker {
 public:
  actor_worker(actor_factory make, actor_thread where) : make_{std::move(make)}, where_{where} {}

  void on_start() override;
  void on_message(message_ptr m) override;
  void on_stop() noexcept override;

 private:
  static answer_box& box_of(const caf::strong_actor_ptr& p) { return *static_cast<answer_box*>(p->get()); }
  caf::actor_system& system() const { return worker_host::of(*this).actor().home_system(); }
  std::string words_of(const caf::error& e) const;
  void count_failure() { worker_host::of(*this).stats().failed.fetch_add(1, std::memory_order_relaxed); }
  void ask_here();
  void answer_payload(request_call& call);
  void hear();
  void answer(pending_slots::slot& waited, caf::type_erased_tuple& said);
  void refuse(message_ptr m, message_format::answer no);
  void actor_ended(const caf::error& reason);

  actor_factory make_;
  actor_thread where_;
  caf::actor actor_;
  caf::strong_actor_ptr answers_; ///< an `answer_box`
  std::optional<own_turn> turn_;  ///< none on the socket thread, which runs no actor of a service
  message_format::asked asking_;  ///< what it is asked with; its element is used again
  std::vector<caf::mailbox_element_ptr> heard_; ///< of `hear`; empty, but keeps its memory
  pending_slots asked_;
  pending_slots::slot now_; ///< what it is asked about now
};

void actor_worker::on_start() {
  actor_ = make_.spawn(system(), where_);
  if (!actor_)
    throw std::runtime_error{"no actor was spawned for it"};
  auto& host = worker_host::of(*this);
  bool on_pool = dynamic_cast<caf::event_based_actor*>(&host.actor()) != nullptr;
  auto name = actors::name_of(actor_);
  host.stats().behavior({.name = name.empty() ? make_.name : std::move(name), .actor = actor_.id(), .runs = runs(actor_, on_pool)});
  caf::actor_config cfg;
  answers_ = caf::make_actor<answer_box, caf::strong_actor_ptr>(system().next_actor_id(), system().node(), &system(),
                                                                cfg, my_postbox(), [this] { hear(); });
  if (on_pool)
    turn_.emplace(actor_);
  actor_->attach(std::make_unique<end_teller>(caf::weak_actor_ptr{answers_.get()}, &box_of(answers_)));
}

/// The message goes to the actor, and waits for the answer, with what it holds of the budget.
void actor_worker::on_message(message_ptr m) {
  if (now_.what)
    now_.what->put(std::move(m));
  else
    now_.what = caf::make_counted<shared_message>(std::move(m));
  auto id = caf::message_id{asked_.next_number()}.with_normal_priority();
  message_format::answer no;
  if (!make_.format->read_request(now_.what, answers_, id, asking_, no))
    return refuse(now_.what->take(), std::move(no));
  now_.form = asking_.form;
  now_.wants_answer = asking_.wants_answer;
  if (turn_)
    return ask_here();
  asked_.put(std::move(now_));
  actor_->enqueue(std::move(asking_.what), nullptr);
}

void actor_worker::ask_here() {
  answer_box::visit here{box_of(answers_)};
  request_call call{*asking_.what, asking_.plain};
  turn_->ask(asking_.what, call);
  if (call.has_payload()) {
    answer_payload(call);
  } else {
    make_.format->let_go(asking_);
    auto waited = std::exchange(now_, {});
    if (auto* said = std::get_if<caf::message>(&call.said))
      answer(waited, *said);
    else
      asked_.put(std::move(waited));
  }
  if (here.has_heard())
    hear();
}

/// What it has asked with is used again where the actor has kept nothing of it.
void actor_worker::answer_payload(request_call& call) {
  std::size_t own = asking_.plain->is(now_.what) ? 2 : 1; // and the one in the element
  bool is_kept = now_.what->has_others(own);
  auto m = now_.what->take(own);
  if (auto* body = std::get_if<content>(&call.said)) {
    body->move_to(m->body);
    m->recharge();
    reply(std::move(m));
  } else {
    reply_text(std::move(m), std::get<std::string>(call.said));
  }
  if (is_kept) {
    make_.format->let_go(asking_);
    now_ = {};
  }
}

void actor_worker::on_stop() noexcept {
  for (auto& m : asked_.take_all())
    drop(std::move(m), drop_reason::worker_failed, "it was stopped");
  if (!actor_)
    return;
  actor_->detach(end_teller::of_box{&box_of(answers_)});
  if (make_.ends_with_service)
    caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
}

void actor_worker::hear() {
  auto end = box_of(answers_).take(heard_);
  for (auto& a : heard_) {
    auto& what = a->content();
    const auto* failed = what.match_elements<caf::error>() ? &what.get_as<caf::error>(0) : nullptr;
    if (failed && *failed == caf::sec::request_receiver_down && !a->sender && is_over(actor_))
      continue; // it may be the one that has bounced this: why it is down is known when that is heard, and all wait for it
    if (auto waited = asked_.take(a->mid.request_id().integer_value()); waited.what)
      answer(waited, what);
  }
  heard_.clear();
  if (end) // not within the call with the message that has ended it, which is answered
    my_postbox().post([this, why = std::move(*end)] { actor_ended(why); });
}

void actor_worker::answer(pending_slots::slot& waited, caf::type_erased_tuple& what) {
  const auto* failed = what.match_elements<caf::error>() ? &what.get_as<caf::error>(0) : nullptr;
  auto with =
    failed ? make_.format->write_error(*failed, words_of(*failed)) : make_.format->write_reply(what, waited.form);
  if (!waited.wants_answer)
    return;
  if (with.body && !with.failure.empty())
    count_failure();
  if (with.body)
    reply(waited.what->take(), std::move(*with.body));
  else if (!with.failure.empty())
    reply_error(waited.what->take(), with.failure);
}

/// What is no message for the actor may be an answer, to whom nobody may answer for ever.
void actor_worker::refuse(message_ptr m, message_format::answer no) {
  if (!no.body)
    return reply_error(std::move(m), no.failure);
  count_failure();
  reply_from_budget(std::move(m), std::move(*no.body));
}

std::string actor_worker::words_of(const caf::error& e) const {
  if (e.context().match_elements<std::string>())
    return e.context().get_as<std::string>(0);
  if (e == caf::sec::request_receiver_down) // of CAF, which says no more
    return "the actor that was to answer has ended";
  return system().render(e);
}

void actor_worker::actor_ended(const caf::error& reason) {
  actor_ = nullptr;
  bool well = !reason || reason == caf::exit_reason::normal;
  auto words = well ? "it has ended" : words_of(reason);
  for (auto& m : asked_.take_all())
    drop(std::move(m), drop_reason::worker_failed, words);
  if (!well)
    throw std::runtime_error{words};
  stop();
}

} // namespace

std::unique_ptr<worker> make_actor_worker(actor_factory make, actor_thread where) {
  return std::make_unique<actor_worker>(std::move(make), where);
}

void actors::set_defaults(caf::scheduled_actor& a) {
  a.set_exception_handler(caf::scheduled_actor::exception_handler{exception_manners{}});
  a.set_default_handler(caf::drop);
}

void actors::answer_exception(caf::scheduled_actor& a, const caf::strong_actor_ptr& asker, caf::message_id request, std::exception_ptr e) {
  asker->enqueue(caf::make_mailbox_element(caf::actor_cast<caf::strong_actor_ptr>(&a), request.response_id(), {}, reason_of(std::move(e))),
                  a.context());
}

result<std::unique_ptr<worker>> actors::make_worker_of(actor_factory make, actor_thread where) {
  if (make.is_broker && where == actor_thread::own)
    return error{errc::invalid_argument, "it is a broker, which runs on the socket thread: it cannot have a thread of its own", "leave out thread"};
  return make_actor_worker(std::move(make), where);
}

caf::error actors::reason_of(std::exception_ptr e) {
  std::string words = "an exception that is no std::exception";
  try {
    std::rethrow_exception(std::move(e));
  } catch (const std::exception& known) {
    words = known.what();
  } catch (...) {
  }
  return caf::make_error(caf::sec::runtime_error, words);
}

} // namespace ockam
