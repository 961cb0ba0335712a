// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/computations.hpp"

#include "runtime/core/guarded.hpp"

namespace ockam {

struct computations::task {
  message_ptr m;
  computation work;
  outcome so_far = {};

  bool is_done() const noexcept { return so_far.body || so_far.threw; }
  void compute_piece() {
    so_far.threw = guarded([&] { so_far.body = work(*m); });
  }
};

/// Where a piece comes back to. The pool holds nothing else of a worker, which may end meanwhile.
struct computations::home {
  computations* there; ///< null: gone
  switchboard& board;
};

computations::computations(switchboard& board, net::reactor& reactor, client& who)
  : board_{board}, reactor_{reactor}, client_{who}, home_{std::make_shared<home>(home{this, board})} {}

computations::~computations() {
  home_->there = nullptr;
  for (auto& [key, lane] : lanes_)
    for (auto& t : lane)
      if (t != on_pool_)
        board_.drop(std::move(t->m), drop_reason::worker_failed, "it has ended");
}

void computations::add(message_ptr m, computation work) {
  auto key = sender_key(*m);
  auto& lane = lanes_[key];
  if (lane.empty())
    turns_.push_back(key);
  lane.push_back(std::make_shared<task>(task{std::move(m), std::move(work)}));
  go_on();
}

void computations::go_on() {
  if (on_pool_ || turns_.empty())
    return;
  on_pool_ = lanes_.at(turns_.front()).front();
  client_.on_pool([t = on_pool_, to = home_, &reactor = reactor_] {
    t->compute_piece();
    reactor.post([t, to] { come_back(t, *to); });
  });
}

void computations::come_back(const std::shared_ptr<task>& t, const home& from) {
  if (from.there)
    from.there->take(*t);
  else
    from.board.drop(std::move(t->m), drop_reason::worker_failed, "it has ended");
}

void computations::take(task& t) {
  on_pool_.reset();
  auto key = turns_.front();
  turns_.pop_front();
  auto lane = lanes_.find(key);
  bool done = t.is_done();
  if (done)
    lane->second.pop_front();
  if (lane->second.empty())
    lanes_.erase(lane);
  else
    turns_.push_back(key);
  go_on();
  if (done)
    client_.computed(std::move(t.m), std::move(t.so_far)); // the last thing: it may end this
}

} // namespace ockam
