// SPDX-License-Identifier: Apache-2.0
#include "runtime/worker_host.hpp"

#include "runtime/log.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/io/broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/send.hpp>

#include <set>

namespace ockam {

namespace {

/// Runs `f` and gives the text of what it threw, or nothing.
template <class F>
std::optional<std::string> guarded(F&& f) {
  try {
    f();
    return std::nullopt;
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception of unknown type";
  }
}

} // namespace

// -- light host --------------------------------------------------------------------------------------

class light_host final : public caf::io::broker, public worker_host, public receiver {
 public:
  light_host(caf::actor_config& cfg, actor_workers& owner, ockam::address self, std::unique_ptr<worker> w)
    : caf::io::broker{cfg}, worker_host{std::move(self), owner.board_.node_name()}, owner_{owner},
      worker_{std::move(w)} {
    adopt(*worker_);
  }

  const char* name() const override { return "light-host"; }
  caf::behavior make_behavior() override {
    // A broker without connections and handlers would end; this one lives until its exit message.
    return {[](stop_atom) {}};
  }
  void on_exit() override {
    for (auto t : timers_)
      owner_.reactor_.cancel(t);
    if (auto w = std::move(worker_))
      w->on_stop();
  }

  std::optional<std::string> begin() {
    return guarded([this] { worker_->on_start(); });
  }

  // receiver
  void receive(message_ptr m) override {
    if (worker_)
      worker_->on_message(std::move(m));
  }
  void failed(std::string_view what) noexcept override {
    log(level::error, "worker", to_string(worker_host::self()) + " failed: " + std::string{what});
    stop();
  }

  // worker_host
  void deliver(message_ptr m) override { owner_.board_.deliver(std::move(m)); }
  void drop(message_ptr m, drop_reason why, std::string_view detail) override {
    owner_.board_.drop(std::move(m), why, detail);
  }
  std::uint64_t set_timer(std::chrono::milliseconds delay) override {
    auto number = ++last_timer_;
    auto slot = std::make_shared<timer_queue::id>();
    *slot = owner_.reactor_.after(delay, [this, number, slot] {
      timers_.erase(*slot);
      if (auto what = guarded([&] { worker_->on_timer(number); }))
        failed(*what);
    });
    timers_.insert(*slot);
    return number;
  }
  void stop() override { (void)owner_.stop(worker_host::self()); }

 private:
  actor_workers& owner_;
  std::unique_ptr<worker> worker_;
  std::set<timer_queue::id> timers_;
  std::uint64_t last_timer_ = 0;
};

// -- pool host ---------------------------------------------------------------------------------------

namespace {

class pool_host final : public caf::event_based_actor, public worker_host {
 public:
  pool_host(caf::actor_config& cfg, router_actor router, std::uint64_t number, ockam::address self,
            std::string node_name, std::unique_ptr<worker> w)
    : caf::event_based_actor{cfg}, worker_host{std::move(self), std::move(node_name)},
      router_{std::move(router)}, number_{number}, worker_{std::move(w)} {
    adopt(*worker_);
  }

  const char* name() const override { return "pool-host"; }

  caf::behavior make_behavior() override {
    return {
      [this](stop_atom, bool begin) {
        if (begin)
          return run([this] { worker_->on_start(); });
        worker_->on_stop();
        finish();
        quit();
      },
      [this](const parcel_in& parcel) {
        for (auto& m : parcel->messages) {
          if (!worker_)
            return;
          m->held.leave(); // it no longer waits here
          run([&] { worker_->on_message(std::move(m)); });
        }
        ship();
      },
      [this](timer_atom, std::uint64_t n) {
        run([this, n] { worker_->on_timer(n); });
        ship();
      },
    };
  }

  void on_exit() override {
    worker_.reset();
    router_ = nullptr;
  }

  // worker_host
  void deliver(message_ptr m) override { out_->push_back({std::move(m), drop_reason::none, {}}); }
  void drop(message_ptr m, drop_reason why, std::string_view detail) override {
    out_->push_back({std::move(m), why, std::string{detail}});
  }
  std::uint64_t set_timer(std::chrono::milliseconds delay) override {
    delayed_anon_send(caf::actor_cast<caf::actor>(this), delay, timer_atom::value, ++last_timer_);
    return last_timer_;
  }
  void stop() override { leaving_ = true; }

 private:
  template <class F>
  void run(F&& f) {
    if (!worker_)
      return;
    auto what = guarded(f);
    if (what || leaving_) {
      ship();
      caf::anon_send(router_, died_atom::value, number_, what.value_or(std::string{}));
      worker_->on_stop();
      worker_.reset();
      quit();
    }
  }

  /// What one call brought forth goes to the router as one message: one wake-up of the socket thread.
  void ship() {
    if (out_->empty() || !router_)
      return;
    caf::anon_send(router_, std::exchange(out_, std::make_shared<outbox>()));
  }
  void finish() {
    ship();
    worker_.reset();
  }

  router_actor router_;
  std::uint64_t number_;
  std::unique_ptr<worker> worker_;
  parcel_out out_ = std::make_shared<outbox>();
  std::uint64_t last_timer_ = 0;
  bool leaving_ = false;
};

} // namespace

class actor_workers::mailbox final : public receiver, public flushable {
 public:
  mailbox(actor_workers& owner, caf::actor target) : owner_{owner}, target_{std::move(target)} {}
  ~mailbox() { owner_.board_.forget(*this); }

  void receive(message_ptr m) override {
    if (!holds_.enter(m->held))
      return owner_.board_.drop(std::move(m), drop_reason::congested, "the worker's mailbox is full");
    if (!gathering_) {
      gathering_ = std::make_shared<inbox>();
      gathering_->lost = owner_.lost_;
      owner_.board_.flush_later(*this);
    }
    gathering_->messages.push_back(std::move(m));
  }
  void failed(std::string_view) noexcept override {} // `receive` above does not throw

  void flush() override {
    if (gathering_)
      caf::anon_send(target_, std::exchange(gathering_, nullptr));
  }

 private:
  actor_workers& owner_;
  caf::actor target_;
  hold_table holds_;
  parcel_in gathering_;
};

// -- actor_workers -----------------------------------------------------------------------------------

actor_workers::actor_workers(caf::actor_system& sys, switchboard& board, net::reactor& reactor)
  : sys_{sys}, board_{board}, reactor_{reactor} {}

actor_workers::~actor_workers() = default;

result<void> actor_workers::start(address a, std::unique_ptr<worker> w, worker_options o) {
  if (auto* taken = board_.find(a))
    return error{errc::already_exists,
                 "address " + to_string(a) + " is taken by a worker of type " + std::string{taken->type}, {}};
  return o.thread == worker_thread::pool ? start_pool(std::move(a), std::move(w), std::move(o))
                                         : start_light(std::move(a), std::move(w), std::move(o));
}

result<void> actor_workers::start_light(address a, std::unique_ptr<worker> w, worker_options o) {
  caf::actor_config cfg{&sys_.middleman().backend()};
  auto actor = sys_.spawn_class<light_host, caf::no_spawn_options>(cfg, *this, a, std::move(w));
  auto* host = static_cast<light_host*>(caf::actor_cast<caf::abstract_actor*>(actor));
  auto number = ++last_number_;
  worker_entry e;
  e.target = host;
  e.type = o.type;
  e.producer = o.producer;
  e.consumer_of = std::move(o.consumer_of);
  if (auto ok = board_.add(a, std::move(e)); !ok) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    return ok;
  }
  by_number_.emplace(number, a);
  records_.emplace(a, record{number, actor, nullptr});
  if (auto what = host->begin()) {
    (void)stop(a);
    return error{errc::service_failed, "the worker at " + to_string(a) + " did not start: " + *what, {}};
  }
  return {};
}

result<void> actor_workers::start_pool(address a, std::unique_ptr<worker> w, worker_options o) {
  auto number = ++last_number_;
  auto actor = caf::actor_cast<caf::actor>(
    sys_.spawn<pool_host>(router_, number, a, board_.node_name(), std::move(w)));
  auto box = std::make_unique<mailbox>(*this, actor);
  worker_entry e;
  e.target = box.get();
  e.type = o.type;
  e.on_pool = true;
  e.consumer_of = std::move(o.consumer_of);
  if (auto ok = board_.add(a, std::move(e)); !ok) {
    caf::anon_send(actor, stop_atom::value, false);
    return ok;
  }
  by_number_.emplace(number, a);
  records_.emplace(std::move(a), record{number, actor, std::move(box)});
  caf::anon_send(actor, stop_atom::value, true);
  return {};
}

void actor_workers::end(record& r) {
  if (r.box) {
    r.box->flush(); // what it has been given already, it still gets
    caf::anon_send(r.actor, stop_atom::value, false);
  } else {
    caf::anon_send_exit(r.actor, caf::exit_reason::user_shutdown);
  }
}

result<void> actor_workers::stop(address_view a) {
  auto it = records_.find(a);
  if (it == records_.end())
    return error{errc::not_found, "no worker at " + to_string(a), {}};
  auto r = std::move(it->second);
  board_.remove(it->first);
  by_number_.erase(r.number);
  records_.erase(it); // `a` may point into it
  end(r);
  return {};
}

void actor_workers::stop_all() {
  for (auto& [a, r] : records_) {
    board_.remove(a);
    end(r);
  }
  records_.clear();
  by_number_.clear();
  router_ = nullptr;
}

void actor_workers::died(std::uint64_t host, const std::string& why) {
  auto it = by_number_.find(host);
  if (it == by_number_.end())
    return;
  auto a = it->second;
  if (!why.empty())
    log(level::error, "worker", to_string(a) + " failed: " + why);
  board_.remove(a);
  by_number_.erase(it);
  records_.erase(a);
}

// -- router ------------------------------------------------------------------------------------------

namespace {

class router final : public caf::io::broker {
 public:
  router(caf::actor_config& cfg, switchboard& board, actor_workers& hosts, std::function<void()> end_turn)
    : caf::io::broker{cfg}, board_{board}, hosts_{hosts}, end_turn_{std::move(end_turn)} {}

  const char* name() const override { return "router"; }

  caf::behavior make_behavior() override {
    return {
      [this](const parcel_out& parcel) {
        for (auto& [m, why, detail] : *parcel) {
          if (why == drop_reason::none)
            board_.deliver(std::move(m));
          else
            board_.drop(std::move(m), why, detail);
        }
        end_turn_();
      },
      [this](died_atom, std::uint64_t host, const std::string& why) {
        hosts_.died(host, why);
        end_turn_();
      },
    };
  }

 private:
  switchboard& board_;
  actor_workers& hosts_;
  std::function<void()> end_turn_;
};

} // namespace

router_actor spawn_router(caf::actor_system& sys, switchboard& board, actor_workers& hosts,
                          std::function<void()> end_turn) {
  caf::actor_config cfg{&sys.middleman().backend()};
  return sys.spawn_class<router, caf::no_spawn_options>(cfg, board, hosts, std::move(end_turn));
}

} // namespace ockam
