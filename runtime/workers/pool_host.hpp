// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/actors.hpp"
#include "runtime/workers/worker_host.hpp"
#include "runtime/workers/workers.hpp"

#include <caf/actor_clock.hpp>
#include <caf/event_based_actor.hpp>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace ockam {

/// What a pool host is made of. It knows nothing of the socket thread but the router's mailbox.
struct pool_host_parts {
  router_actor router;
  host_id id;
  address self;
  const std::string& node_name;
  ledger* node_budget;
  watchdog* dog;
  std::shared_ptr<const worker_factory> make;
  restart_policy restart;
  std::shared_ptr<const access_control> access;
  std::shared_ptr<account> budget;
  std::shared_ptr<std::atomic<std::uint64_t>> lost;
  caf::execution_unit* threads; ///< null: those of CAF's scheduler
  tracer* spans;
};

/// Runs one worker on the pool (see `actors.hpp`).
class pool_host final : public caf::event_based_actor, public worker_host {
 public:
  pool_host(caf::actor_config& cfg, pool_host_parts parts);

  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* host) override;
  const char* name() const override { return "pool-host"; }
  caf::behavior make_behavior() override { return {handlers()}; }
  void on_exit() override;
  resume_result resume(caf::execution_unit* where, std::size_t most) override {
    turn now{*this};
    return caf::event_based_actor::resume(where, most);
  }

  // worker_host
  void deliver(message_ptr m) override;
  std::uint64_t set_timer(std::chrono::milliseconds delay) override;
  void cancel_timer(std::uint64_t timer) override;
  void stop() override { end_after_call(); }
  void compute(message_ptr m, computation work) override;
  bool is_computing_for(const message&) const override { return false; }
  caf::scheduled_actor& actor() noexcept override { return *this; }
  void handle_also(caf::message_handler more) override;

 private:
  void end_message(message_ptr m, drop_reason why, std::string_view detail) override;
  void open_request(message_ptr m, std::uint64_t number, std::chrono::milliseconds timeout) override;
  void post(unique_function<void()> task) override;
  void tell(family_event e) override;
  void run_posted(unique_function<void()>& task) override;

  caf::message_handler handlers();
  void start();
  void take(const parcel_in& parcel);
  void work();
  void take_item(incoming& item, worker_stats::clock::time_point arrived, worker_stats::clock::time_point& now);
  void take_message(message_ptr m, worker_stats::clock::time_point now);
  void take_outcome(incoming& item);
  void stop_soon();
  void leave();
  void on_timer_message(std::uint64_t number);
  void fire();

  /// As `call`, which others see as under way since `now`.
  template <class F>
  bool call_since(worker_stats::clock::time_point now, F&& f, const trace_context* of = nullptr);
  void tell_of_end(const error& why) noexcept override;
  void begin_again_in(std::chrono::milliseconds delay) override;
  void finish(error why) noexcept override;
  void abandon() noexcept override;
  /// Sees to it that `fire` is called when the first of `due_` is.
  void wake_for_first();
  outbox& out();
  void ship();

  router_actor router_;
  host_id id_;
  std::shared_ptr<std::atomic<std::uint64_t>> lost_;
  parcel_out out_;
  std::deque<parcel_in> parcels_; ///< that it has been given; the first is being handled
  std::size_t next_ = 0;          ///< of the messages of the first
  bool later_ = false;            ///< it goes on with them when it has seen to what came meanwhile
  std::optional<caf::actor_clock::time_point> end_by_; ///< it is to end when it has handled them, and then at the latest
  caf::execution_unit* threads_;
  std::map<std::uint64_t, caf::actor_clock::time_point> timers_; ///< that have not fired, and when they are due
  std::set<std::pair<caf::actor_clock::time_point, std::uint64_t>> due_; ///< the same, in that order
  std::optional<caf::actor_clock::time_point> wake_; ///< what CAF's clock has been asked for: once, however many timers there are
  std::uint64_t last_timer_ = 0;
  std::uint64_t restart_timer_ = 0;
};

} // namespace ockam
