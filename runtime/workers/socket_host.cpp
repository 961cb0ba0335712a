// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/socket_host.hpp"

#include "runtime/actors.hpp"
#include "runtime/core/log.hpp"

#include <caf/event_based_actor.hpp>

namespace ockam {

namespace {

/// Runs one function on the pool, and ends. A class, since CAF makes an actor of a function without arguments by
/// way of a null reference.
class pool_task final : public caf::event_based_actor {
 public:
  pool_task(caf::actor_config& cfg, std::function<void()> what) : caf::event_based_actor{cfg}, what_{std::move(what)} {}

 private:
  caf::behavior make_behavior() override {
    what_();
    return {};
  }

  std::function<void()> what_;
};

} // namespace

socket_host::socket_host(caf::actor_config& cfg, actor_workers& owner, host_id id, ockam::address self, origin from)
  : caf::io::broker{cfg}, worker_host{std::move(self), owner.board().node_name(), owner.budget(), owner.dog(), worker_thread::socket,
                                      std::move(from)},
    owner_{owner}, id_{id} {}

caf::behavior socket_host::make_behavior() {
  // A broker without connections and handlers would end; this one lives until its exit message. All share
  // the one: there may be very many.
  static const caf::behavior nothing{[](stop_atom) {}};
  return nothing;
}

void socket_host::handle_also(caf::message_handler more) {
  set_exception_handler([this](std::exception_ptr& e) {
    fail(text_of(e));
    return caf::error{};
  });
  set_default_handler([this, more](caf::scheduled_actor*, caf::message_view& in) mutable -> caf::result<caf::message> {
    auto content = in.move_content_to_message();
    auto answer = more(content);
    over();
    owner_.reactor().post([] {}); // a turn, in which the output goes
    if (answer)
      return *answer;
    return caf::sec::unexpected_message;
  });
}

void socket_host::on_exit() {
  owner_.reactor().cancel(restart_timer_);
  end();
  owner_.reactor().post([] {}); // a turn, in which the output of `on_stop` goes
}

// -- life of the worker -------------------------------------------------------------------------------

void socket_host::tell_of_end(const error& why) noexcept {
  owner_.starts_again(id_.service, why);
}

void socket_host::begin_again_in(std::chrono::milliseconds delay) {
  restart_timer_ = owner_.reactor().after(delay, [this] {
    restart_timer_ = 0;
    begin_again();
  });
}

void socket_host::finish(error why) noexcept {
  owner_.stop(id_.service, why);
}

void socket_host::abandon() noexcept {
  for (auto [number, t] : timers_)
    owner_.reactor().cancel(t);
  timers_.clear();
  computing_.reset();
}

void socket_host::failed(std::string_view what) noexcept {
  fail(std::string{what});
}

void socket_host::stop() {
  if (!worker_)
    return; // it is ending, and the address may be another's
  if (comes_back())
    end_after_call();
  else
    owner_.stop(id_.service, {errc::ok, {}, {}});
}

// -- what reaches it ----------------------------------------------------------------------------------

void socket_host::receive(message_ptr m) {
  if (!worker_)
    return owner_.board().drop(std::move(m), drop_reason::worker_failed, "it failed and is being started again");
  auto witness = make_witness(*m);
  if (!admit(*m))
    return owner_.board().drop(std::move(m), drop_reason::congested, budget()->full());
  bool measured = received_++ % sample == 0;
  auto begin = measured ? worker_stats::clock::now() : worker_stats::clock::time_point{};
  if (call([&] { worker_->on_message(std::move(m)); }, m->trace())) {
    if (measured)
      stats().handled_in(worker_stats::clock::now() - begin);
  } else if (witness) {
    owner_.board().drop(std::move(witness), drop_reason::worker_failed);
  } else {
    owner_.board().count(drop_reason::worker_failed);
  }
}

std::uint64_t socket_host::set_timer(std::chrono::milliseconds delay) {
  auto number = ++last_timer_;
  timers_.emplace(number, owner_.reactor().after(delay, [this, number] {
    timers_.erase(number);
    call([&] { worker_->on_timer(number); });
  }));
  return number;
}

void socket_host::cancel_timer(std::uint64_t timer) {
  if (auto it = timers_.find(timer); it != timers_.end()) {
    owner_.reactor().cancel(it->second);
    timers_.erase(it);
  }
}

void socket_host::outcome_of(std::uint64_t request, message_ptr reply, errc why) {
  if (worker_)
    call([&] { outcome(request, std::move(reply), why); });
}

void socket_host::post(unique_function<void()> task) {
  // The reactor copies what it is given.
  owner_.reactor().post([shared = std::make_shared<unique_function<void()>>(std::move(task))] { (*shared)(); });
}

void socket_host::tell(family_event e) {
  e.who = id_;
  owner_.take(e);
}

void socket_host::run_posted(unique_function<void()>& task) {
  call([&] { task(); });
}

// -- what it does -------------------------------------------------------------------------------------

void socket_host::deliver(message_ptr m) {
  auto& out = stats().messages_out;
  out.store(out.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (access())
    owner_.board().deliver(std::move(m), *access());
  else
    owner_.board().deliver(std::move(m));
}

void socket_host::compute(message_ptr m, computation work) {
  if (!computing_)
    computing_ = std::make_unique<computations>(owner_.board(), owner_.reactor(), *this);
  computing_->add(std::move(m), std::move(work));
}

void socket_host::on_pool(std::function<void()> piece) {
  // A fresh actor for each: one that sends itself messages would be given its thread again and again.
  caf::actor_config cfg{owner_.pool()};
  home_system().spawn_class<pool_task, caf::no_spawn_options>(cfg, std::move(piece));
}

void socket_host::computed(message_ptr m, computations::outcome what) {
  if (what.threw) {
    owner_.board().drop(std::move(m), drop_reason::worker_failed);
    return fail(*what.threw);
  }
  call([&] { answer_computed(std::move(m), std::move(*what.body)); });
}

void socket_host::end_message(message_ptr m, drop_reason why, std::string_view detail) {
  owner_.board().drop(std::move(m), why, detail);
}

void socket_host::open_request(message_ptr m, std::uint64_t number, std::chrono::milliseconds timeout) {
  auto& out = stats().messages_out;
  out.store(out.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  owner_.requests().open(std::move(m), id_, number, timeout, access().get());
}

} // namespace ockam
