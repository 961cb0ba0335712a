// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/actors.hpp"
#include "runtime/workers.hpp"

#include <caf/actor_system.hpp>

#include <unordered_map>

namespace ockam {

/// `workers` over CAF: spawns a host actor for each worker and ends it. Owned by the node; socket thread.
class actor_workers final : public workers {
 public:
  actor_workers(caf::actor_system& sys, switchboard& board, net::reactor& reactor);
  ~actor_workers() override;

  switchboard& board() override { return board_; }
  net::reactor& reactor() override { return reactor_; }
  result<void> start(address a, std::unique_ptr<worker> w, worker_options o) override;
  result<void> stop(address_view a) override;

  /// Ends every worker; what is left of them runs down with the actor system.
  void stop_all();
  /// The router, for pool hosts.
  void router(router_actor r) { router_ = std::move(r); }
  /// A pool worker has ended itself.
  void died(std::uint64_t host, const std::string& why);
  /// Messages lost with pool workers that ended.
  std::uint64_t lost() const { return lost_->load(); }

 private:
  class mailbox; // the switchboard's side of a pool worker
  friend class light_host;

  struct record {
    std::uint64_t number = 0;
    caf::actor actor;
    std::unique_ptr<mailbox> box; ///< pool workers only
  };

  result<void> start_light(address a, std::unique_ptr<worker> w, worker_options o);
  result<void> start_pool(address a, std::unique_ptr<worker> w, worker_options o);
  void end(record& r);

  caf::actor_system& sys_;
  switchboard& board_;
  net::reactor& reactor_;
  router_actor router_;
  std::unordered_map<address, record, address_hash, address_equal> records_;
  std::unordered_map<std::uint64_t, address> by_number_;
  std::uint64_t last_number_ = 0;
  std::shared_ptr<std::atomic<std::uint64_t>> lost_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

/// Spawns the router of a node on the socket thread (see `actors.hpp`).
router_actor spawn_router(caf::actor_system& sys, switchboard& board, actor_workers& hosts,
                          std::function<void()> end_turn);

} // namespace ockam
