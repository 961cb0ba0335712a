// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"
#include "runtime/net/reactor.hpp"
#include "runtime/workers/worker.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace ockam {

/// What a worker on the socket thread has the pool compute, one piece at a time, so that it takes up one thread of
/// the pool at most. Senders take turns, piece by piece; what one sent is computed in order. Messages wait here at
/// the expense of whoever let them in, and are reported when their worker ends. Socket thread only.
class computations {
 public:
  /// The body of the reply, or what an exception said that has left the computation.
  struct outcome {
    std::optional<result<payload>> body;
    std::optional<std::string> threw;
  };

  class client {
   public:
    /// Calls `piece` once on the pool, later, after what waits there already.
    virtual void on_pool(std::function<void()> piece) = 0;
    /// One is done. May end this.
    virtual void computed(message_ptr m, outcome what) = 0;

   protected:
    ~client() = default;
  };

  /// `board` and `reactor` live until the last piece has been computed.
  computations(switchboard& board, net::reactor& reactor, client& who);
  computations(const computations&) = delete;
  computations& operator=(const computations&) = delete;
  /// What is not done yet is dropped: its worker has ended.
  ~computations();

  /// Whether there is something of the sender of `m`.
  bool has(const message& m) const { return !lanes_.empty() && lanes_.contains(sender_key(m)); }
  void add(message_ptr m, computation work);

 private:
  struct task;
  struct home;

  static void come_back(const std::shared_ptr<task>& t, const home& from);
  void go_on();
  void take(task& t);

  switchboard& board_;
  net::reactor& reactor_;
  client& client_;
  std::unordered_map<std::uint64_t, std::deque<std::shared_ptr<task>>> lanes_; ///< by sender; none is empty
  std::deque<std::uint64_t> turns_;  ///< the senders; that of `on_pool_` is in front
  std::shared_ptr<task> on_pool_;    ///< whose piece is being computed: not to be touched meanwhile
  std::shared_ptr<home> home_;
};

} // namespace ockam
