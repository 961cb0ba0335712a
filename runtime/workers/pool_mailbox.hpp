// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/actors.hpp"
#include "runtime/core/credit.hpp"
#include "runtime/core/switchboard.hpp"
#include "runtime/workers/worker_stats.hpp"
#include "runtime/workers/workers.hpp"

namespace ockam {

/// The switchboard's side of a service on the pool: gathers what a turn has for it, and hands it to one
/// of its hosts. What it was given and they have not handled counts as held here. A link that has filled its
/// hold reads nothing more until they have handled half of it; when they handle nothing for `limits::stall`,
/// nobody is held up any more, and further messages are dropped until they do. Socket thread only.
class pool_mailbox final : public receiver, public flushable {
 public:
  pool_mailbox(switchboard& board, net::reactor& reactor, std::chrono::milliseconds stall, address self, distribution d, std::shared_ptr<std::atomic<std::uint64_t>> lost);
  ~pool_mailbox() override;

  /// The next instance.
  void add(caf::actor host, std::shared_ptr<worker_stats> stats);
  void start();
  void stop();
  /// One more has started: true when it was the last that was waited for.
  bool started() noexcept { return --starting_ == 0; }
  /// That instance is no more: true when it was the last.
  bool ended(std::uint32_t instance);
  void outcome(std::uint32_t instance, incoming reply);

  const address& self() const noexcept { return self_; }
  std::size_t size() const noexcept { return hosts_.size(); }
  std::size_t alive() const noexcept { return alive_; }
  const worker_stats& stats(std::size_t instance) const { return *hosts_[instance].stats; }

  void receive(message_ptr m) override;
  void failed(std::string_view) noexcept override {} // `receive` calls no code of a user
  void flush() override;

 private:
  struct host {
    caf::actor actor; ///< null: ended
    std::shared_ptr<worker_stats> stats;
    parcel_in gathering;
  };

  /// Messages that hosts have begun to handle so far.
  std::uint64_t taken() const noexcept;
  void watch();
  void check_stall();
  host& choose(const message& m);
  void gather(host& h, incoming item);

  switchboard& board_;
  net::reactor& reactor_;
  std::chrono::milliseconds stall_;
  address self_;
  std::shared_ptr<std::atomic<std::uint64_t>> lost_;
  std::vector<host> hosts_;
  std::size_t alive_ = 0;
  std::size_t starting_ = 0;
  std::size_t next_ = 0;
  distribution distribution_;
  hold_table holds_{hold_table::over::pause};
  std::uint64_t given_ = 0;      ///< messages that hosts were to handle so far
  std::uint64_t last_taken_ = 0; ///< at the last look
  timer_queue::id stall_timer_ = 0;
  bool stalled_ = false;
};

} // namespace ockam
