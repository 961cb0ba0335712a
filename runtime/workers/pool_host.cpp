// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/pool_host.hpp"

#include "runtime/core/log.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>

namespace ockam {

namespace {

using clock = worker_stats::clock;

/// One thread writes: cheaper than an atomic increment.
void bump(std::atomic<std::uint64_t>& n) noexcept {
  n.store(n.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

/// Not longer than can be added to now.
constexpr std::chrono::milliseconds longest_delay = std::chrono::hours{24 * 365};

// In place of the number of a timer: whichever is due; go on with messages.
constexpr std::uint64_t first_due = 0, go_on_with_messages = ~std::uint64_t{0};

/// After that, timers and what else came meanwhile get their turn before the next message.
constexpr std::chrono::milliseconds slice{10};

/// What a worker that is stopped has for the messages that it was given before. With a call of a script before it and one after it, which may take as
/// long each, that is less than the end of a node waits for.
constexpr std::chrono::milliseconds time_to_end{500};

} // namespace

pool_host::pool_host(caf::actor_config& cfg, pool_host_parts p)
  : caf::event_based_actor{cfg}, worker_host{std::move(p.self), p.node_name, p.node_budget, p.dog, worker_thread::pool,
                                                    {std::move(p.make), p.restart, std::move(p.access), std::move(p.budget), p.spans}},
    router_{std::move(p.router)}, id_{p.id}, lost_{std::move(p.lost)}, threads_{p.threads} {}

/// Whoever sends, it runs on its own threads. CAF's clock can be asked anew only for timeouts of its own kind, which an actor
/// does not see: they come in as ours.
void pool_host::enqueue(caf::mailbox_element_ptr what, caf::execution_unit* host) {
  if (what->content().match_elements<caf::timeout_msg>() && what->content().get_as<caf::timeout_msg>(0).type == timer_atom::value)
    what = caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, timer_atom::value, first_due);
  caf::event_based_actor::enqueue(std::move(what), threads_ ? threads_ : host);
}

caf::message_handler pool_host::handlers() {
  return {
    [this](start_atom) { start(); },
    [this](const parcel_in& parcel) { take(parcel); },
    [this](timer_atom, std::uint64_t number) { on_timer_message(number); },
    [this](const posted_task& task) {
      (*task)();
      ship();
    },
    [this](stop_atom) { stop_soon(); },
  };
}

void pool_host::handle_also(caf::message_handler more) {
  set_exception_handler([this](std::exception_ptr& e) {
    fail(text_of(e));
    return caf::error{};
  });
  set_default_handler([this, more](caf::scheduled_actor*, caf::message_view& in) mutable -> caf::result<caf::message> {
    auto content = in.move_content_to_message();
    auto answer = more(content);
    over();
    ship();
    if (answer)
      return *answer;
    return caf::sec::unexpected_message;
  });
}

void pool_host::on_exit() {
  end();
  router_ = nullptr;
}

// -- life of the worker -------------------------------------------------------------------------------

void pool_host::start() {
  if (auto ok = begin(); !ok)
    return finish(std::move(ok).error());
  ship();
  caf::anon_send(router_, host_event{id_, host_event::kind::started, {errc::ok, {}, {}}});
}

template <class F>
bool pool_host::call_since(clock::time_point now, F&& f, const trace_context* of) {
  stats().busy_since.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  return call([&] {
    // Also when it throws, and before what its end does.
    struct over {
      worker_stats& stats;
      ~over() { stats.busy_since.store(0, std::memory_order_relaxed); }
    } at_end{stats()};
    f();
  }, of);
}

void pool_host::tell_of_end(const error& why) noexcept {
  ship();
  if (router_)
    caf::anon_send(router_, host_event{id_, host_event::kind::starts_again, why});
}

void pool_host::begin_again_in(std::chrono::milliseconds delay) {
  if (delay.count() == 0)
    return begin_again();
  restart_timer_ = ++last_timer_;
  delayed_anon_send(caf::actor_cast<caf::actor>(this), delay, timer_atom::value, restart_timer_);
}

void pool_host::finish(error why) noexcept {
  ship();
  if (router_)
    caf::anon_send(router_, host_event{id_, host_event::kind::ended, std::move(why)});
  quit();
}

// -- what reaches it ----------------------------------------------------------------------------------

void pool_host::take(const parcel_in& parcel) {
  parcels_.push_back(parcel);
  if (!later_)
    work();
}

/// What came in meanwhile, timers, tasks and the end, has its turn after a slice: the mailbox is in order, and may be long.
void pool_host::work() {
  later_ = false;
  auto began = this->clock().now();
  for (; !parcels_.empty(); parcels_.pop_front(), next_ = 0) {
    auto& parcel = *parcels_.front();
    auto now = clock::now();
    while (next_ < parcel.messages.size()) {
      if (later_) {
        ship();
        return caf::anon_send(caf::actor_cast<caf::actor>(this), timer_atom::value, go_on_with_messages);
      }
      take_item(parcel.messages[next_++], parcel.arrived, now);
      later_ = worker_ && this->clock().now() - began >= slice;
    }
  }
  if (end_by_)
    return leave();
  ship();
  if (later_)
    caf::anon_send(caf::actor_cast<caf::actor>(this), timer_atom::value, go_on_with_messages);
}

void pool_host::take_item(incoming& item, clock::time_point arrived, clock::time_point& now) {
  if (item.request)
    return take_outcome(item);
  stats().queued.fetch_sub(1, std::memory_order_relaxed);
  take_message(std::move(item.what), now);
  now = clock::now();
  stats().handled_in(now - arrived);
}

void pool_host::stop_soon() {
  if (parcels_.empty())
    return leave();
  end_by_ = this->clock().now() + time_to_end;
}

void pool_host::leave() {
  end();
  ship();
  quit();
}

void pool_host::take_message(message_ptr m, clock::time_point now) {
  m->held.leave(); // it no longer waits here
  if (!worker_)
    return end_message(std::move(m), drop_reason::worker_failed,
                       is_waiting() ? "it failed and is being started again" : "it has ended");
  auto witness = make_witness(*m);
  if (!admit(*m))
    return end_message(std::move(m), drop_reason::congested, budget()->full());
  if (call_since(now, [&] { worker_->on_message(std::move(m)); }, m->trace()))
    return;
  if (witness)
    end_message(std::move(witness), drop_reason::worker_failed, {});
  else
    lost_->fetch_add(1, std::memory_order_relaxed);
}

void pool_host::take_outcome(incoming& item) {
  if (worker_)
    call_since(clock::now(), [&] { outcome(item.request, std::move(item.what), item.why); });
}

void pool_host::on_timer_message(std::uint64_t number) {
  if (number == go_on_with_messages) {
    if (end_by_ && this->clock().now() >= *end_by_)
      end(); // what is left is dropped
    return work();
  }
  if (number == first_due) {
    fire();
  } else if (number == restart_timer_) {
    restart_timer_ = 0;
    begin_again();
  }
  ship();
}

/// One at a time: what else is due waits for its turn, as messages do.
void pool_host::fire() {
  wake_.reset();
  if (due_.empty())
    return;
  if (auto [due, number] = *due_.begin(); due <= this->clock().now()) {
    due_.erase(due_.begin());
    timers_.erase(number);
    call_since(clock::now(), [&, n = number] { worker_->on_timer(n); });
  }
  wake_for_first();
}

std::uint64_t pool_host::set_timer(std::chrono::milliseconds delay) {
  auto due = this->clock().now() + std::min(delay, longest_delay);
  timers_.emplace(++last_timer_, due);
  due_.emplace(due, last_timer_);
  wake_for_first();
  return last_timer_;
}

void pool_host::cancel_timer(std::uint64_t timer) {
  auto it = timers_.find(timer);
  if (it == timers_.end())
    return;
  due_.erase({it->second, timer});
  timers_.erase(it);
}

void pool_host::wake_for_first() {
  if (due_.empty() || (wake_ && *wake_ <= due_.begin()->first))
    return;
  wake_ = due_.begin()->first;
  if (*wake_ <= this->clock().now())
    caf::anon_send(caf::actor_cast<caf::actor>(this), timer_atom::value, first_due);
  else
    this->clock().set_ordinary_timeout(*wake_, this, timer_atom::value, first_due);
}

void pool_host::abandon() noexcept {
  timers_.clear();
  due_.clear();
  if (std::exchange(wake_, std::nullopt))
    this->clock().cancel_ordinary_timeout(this, timer_atom::value); // the clock keeps an actor's memory for it
}

void pool_host::post(unique_function<void()> task) {
  caf::anon_send(caf::actor_cast<caf::actor>(this), std::make_shared<unique_function<void()>>(std::move(task)));
}

void pool_host::tell(family_event e) {
  ship(); // what was said before comes before
  e.who = id_;
  if (router_)
    caf::anon_send(router_, std::make_shared<family_event>(std::move(e)));
}

void pool_host::run_posted(unique_function<void()>& task) {
  call_since(clock::now(), [&] { task(); });
}

// -- what it does -------------------------------------------------------------------------------------

outbox& pool_host::out() {
  if (!out_) {
    out_ = std::make_shared<outbox>();
    out_->from = id_;
    out_->access = access();
  }
  return *out_;
}

void pool_host::deliver(message_ptr m) {
  bump(stats().messages_out);
  out().messages.push_back({std::move(m), nullptr});
}

/// Here already, where it may take its time.
void pool_host::compute(message_ptr m, computation work) {
  std::optional<result<payload>> body;
  while (!body)
    body = work(*m);
  answer_computed(std::move(m), std::move(*body));
}

void pool_host::end_message(message_ptr m, drop_reason why, std::string_view detail) {
  auto how = std::make_unique<outgoing::special>();
  how->why = why;
  how->detail = detail;
  out().messages.push_back({std::move(m), std::move(how)});
}

void pool_host::open_request(message_ptr m, std::uint64_t number, std::chrono::milliseconds timeout) {
  bump(stats().messages_out);
  auto how = std::make_unique<outgoing::special>();
  how->request = number;
  how->timeout = timeout;
  out().messages.push_back({std::move(m), std::move(how)});
}

/// What one call brought forth goes to the router as one message: one wake-up of the socket thread.
void pool_host::ship() {
  if (out_ && router_)
    caf::anon_send(router_, std::exchange(out_, nullptr));
}

} // namespace ockam
