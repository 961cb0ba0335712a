// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/actors.hpp"
#include "runtime/core/account.hpp"
#include "runtime/core/credit.hpp"
#include "runtime/workers/family_tree.hpp"
#include "runtime/workers/requests.hpp"
#include "runtime/workers/watchdog.hpp"
#include "runtime/workers/worker_stats.hpp"
#include "runtime/workers/workers.hpp"

#include <caf/actor_system.hpp>

#include <unordered_map>

namespace ockam {

class socket_host;
class pool_mailbox;
namespace actors {
class children;
}

/// `workers` over CAF: spawns a host actor for each worker and ends it. Owned by the node; socket thread.
class actor_workers final : public workers {
 public:
  actor_workers(caf::actor_system& sys, switchboard& board, net::reactor& reactor, memory& all, const limits& limit);
  ~actor_workers() override;

  switchboard& board() override { return board_; }
  net::reactor& reactor() override { return reactor_; }
  using workers::start;
  void start(address a, worker_factory make, worker_options o, started done) override;
  void prepare(address a, worker_factory make, worker_options o, prepared done) override;
  result<void> stop(address_view a) override;
  result<void> alias(const address& name, address_view of, std::vector<std::uint32_t> consumer_of = {}) override;
  bool remove_alias(address_view name) override;
  result<worker_info> show(address_view a) const override;
  worker_memory memory_of(const worker_entry& e) const override;
  worker_kin kin_of(const worker_entry& e) const override;
  std::vector<overdue_worker> overdue() const override;
  std::uint64_t lost() const noexcept override { return lost_->load(); }

  /// Ends every worker; what is left of them runs down with the actor system.
  void stop_all();
  /// What runs on the pool runs on these threads from now on, which end after the last of it; null: on those of CAF's
  /// scheduler.
  void pool(caf::execution_unit* threads) noexcept { pool_ = threads; }
  /// Ends the one with this number, as `host_id` has it. No effect when it has ended. `why`: for who watches it.
  void stop(std::uint64_t number, const error& why);
  /// It has ended, and is made anew.
  void starts_again(std::uint64_t number, const error& why);
  /// Gives it the address that it was started for, in place of whoever has it. Error: `closed`.
  result<void> take_over(std::uint64_t number);
  /// Whether a request waits for its reply.
  bool waits_for_replies() const noexcept { return !requests_.empty(); }
  /// The router, for pool hosts.
  void router(router_actor r) { router_ = std::move(r); }
  /// Messages that workers without a budget of their own begin are charged to `l`, which outlives them.
  void charge_to(ledger& l) { budget_ = &l; }
  /// From now on, calls of workers that take longer than `limits::watchdog` are reported.
  void watch() { dog_ = std::make_unique<watchdog>(limits_.watchdog); }
  void take(const host_event& n);
  void take(family_event& e);
  /// What children may be by the name of a type.
  void kinds(child_kinds k) { kinds_ = std::move(k); }

  // For hosts.
  caf::execution_unit* pool() noexcept { return pool_; }
  ledger* budget() noexcept { return budget_; }
  watchdog* dog() noexcept { return dog_.get(); }
  request_table& requests() noexcept { return requests_; }

 private:
  /// A service that takes longer to start has failed.
  static constexpr std::chrono::milliseconds start_timeout{10'000};

  /// What is there until all instances have started.
  struct starting {
    started done;
    timer_queue::id deadline = 0;
  };
  struct record {
    restart_policy restart = restart_policy::never;
    std::shared_ptr<account> budget;    ///< null: none of its own
    std::shared_ptr<const tally> passes; ///< null: it does not count what it passes on
    caf::actor light;                   ///< the host on the socket thread,
    socket_host* host = nullptr;         ///< … itself; or
    std::unique_ptr<pool_mailbox> pool; ///< the hosts on the pool,
    std::unique_ptr<starting> not_yet;
    std::unique_ptr<std::vector<address>> aliases; ///< null: none, as for most
    std::unique_ptr<worker_entry> to_be; ///< of one that has not its address yet; null: it is in the table
    const address& self() const noexcept;
  };
  using records = std::unordered_map<std::uint64_t, record>;

  /// Whether the address is taken at once, or by `take_over`.
  enum class place : std::uint8_t { now, later };
  void start_on_socket_thread(address a, worker_factory make, worker_options o, place where, started done);
  void start_on_pool(address a, worker_factory make, worker_options o, place where, started done);
  std::shared_ptr<account> account_for(const worker_options& o) const;
  /// Its place in the table, or what is kept for that.
  result<std::unique_ptr<worker_entry>> enter(std::uint64_t number, const address& a, receiver& target, worker_options& o, place where);
  void start_failed(std::uint64_t service, error why);
  void leave_table(const record& r, const error& why);
  void end(record& r);
  void remove(records::iterator it, const error& why);
  void start_child(host_id parent, child_order order);
  result<void> start_child(host_id parent, record& p, child_order& order);
  /// Where a child is to be. Errors: `limit_reached`, `invalid_argument`, `already_exists`.
  result<address> place_of_child(std::uint64_t parent, const address& of, const std::string& name);
  void end_children(const std::vector<std::uint64_t>& of);
  void request_done(host_id from, std::uint64_t number, message_ptr reply, errc why);

  caf::actor_system& sys_;
  caf::execution_unit* pool_ = nullptr;
  switchboard& board_;
  net::reactor& reactor_;
  memory& memory_;
  const limits& limits_;
  router_actor router_;
  ledger* budget_ = nullptr;
  std::unique_ptr<watchdog> dog_;
  request_table requests_;
  records records_;
  family_tree family_;
  std::shared_ptr<actors::children> actors_;
  child_kinds kinds_;
  /// Of workers that have not their addresses yet: the ones before them may have children of the same names.
  std::unordered_map<std::uint64_t, std::vector<family_event>> for_later_;
  std::uint64_t last_number_ = 0;
  std::shared_ptr<std::atomic<std::uint64_t>> lost_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

/// Spawns the router of a node on the socket thread (see `actors.hpp`).
router_actor spawn_router(caf::actor_system& sys, switchboard& board, actor_workers& workers,
                          std::function<void()> end_turn);

} // namespace ockam
