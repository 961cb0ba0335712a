// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"
#include "runtime/workers/actor_workers.hpp"
#include "runtime/workers/computations.hpp"
#include "runtime/workers/worker_host.hpp"

#include <caf/io/broker.hpp>

#include <map>

namespace ockam {

/// Runs one worker on the socket thread (see `actors.hpp`).
class socket_host final : public caf::io::broker, public worker_host, public receiver, public computations::client {
 public:
  socket_host(caf::actor_config& cfg, actor_workers& owner, host_id id, ockam::address self, origin from);

  const char* name() const override { return "socket-host"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

  using worker_host::begin;
  using worker_host::origin;
  void outcome_of(std::uint64_t request, message_ptr reply, errc why);

  // receiver
  void receive(message_ptr m) override;
  void failed(std::string_view what) noexcept override;

  // worker_host
  void deliver(message_ptr m) override;
  std::uint64_t set_timer(std::chrono::milliseconds delay) override;
  void cancel_timer(std::uint64_t timer) override;
  void stop() override;
  void compute(message_ptr m, computation work) override;
  bool is_computing_for(const message& m) const override { return computing_ && computing_->has(m); }
  caf::scheduled_actor& actor() noexcept override { return *this; }
  void handle_also(caf::message_handler more) override;

 private:
  /// One message in this many is measured: reading the clock twice would cost a tenth of an echo.
  static constexpr std::uint64_t sample = 64;

  void end_message(message_ptr m, drop_reason why, std::string_view detail) override;
  void open_request(message_ptr m, std::uint64_t number, std::chrono::milliseconds timeout) override;
  void post(unique_function<void()> task) override;
  void tell(family_event e) override;
  void run_posted(unique_function<void()>& task) override;

  void tell_of_end(const error& why) noexcept override;
  void begin_again_in(std::chrono::milliseconds delay) override;
  void finish(error why) noexcept override;
  void abandon() noexcept override;

  // computations::client
  void on_pool(std::function<void()> piece) override;
  void computed(message_ptr m, computations::outcome what) override;

  actor_workers& owner_;
  host_id id_;
  std::unique_ptr<computations> computing_; ///< null: never was asked to
  std::map<std::uint64_t, timer_queue::id> timers_;
  std::uint64_t last_timer_ = 0;
  timer_queue::id restart_timer_ = 0;
  std::uint64_t received_ = 0;
};

} // namespace ockam
