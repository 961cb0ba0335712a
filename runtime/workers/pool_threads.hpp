// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

namespace ockam {

/// The threads of the pool, for CAF's actors. As long as their turns are short, as many run at a time as the node is
/// told to have threads (`threads`). A turn that is not over after `patience` is *late*: it no longer counts, and
/// another thread takes what waits. So a service that computes, blocks or loops takes its share of the processor, and
/// nobody's turn:
///
///     job ──▶ queue ──▶ thread: a turn ──▶ back to the queue, or waits for a message
///                          │
///                          └ late: its place is somebody else's
///
/// While jobs wait and all places are taken, one thread beside those *looks out* for a turn that becomes late. Threads
/// are made when they are needed, and those that had nothing to do for a while end. Thread: any, but for `join`.
class pool_threads final : public caf::execution_unit {
 public:
  /// More turns may not be late at a time: then jobs wait for one to end.
  static constexpr std::size_t most_late = 64;
  static constexpr std::chrono::milliseconds patience{20};

  explicit pool_threads(std::size_t at_a_time) noexcept : at_a_time_{at_a_time} {}
  ~pool_threads() override { join(); }

  /// Before the first job; `sys` ends after `join`.
  void serve(caf::actor_system& sys) noexcept { system_ = &sys; }
  void exec_later(caf::resumable* job) override;
  /// Ends the threads, when what waits has been run. Nothing may come in any more. Not on one of them.
  void join();
  /// How many there are.
  std::size_t size() const;
  /// Jobs that wait for a thread, and turns that are late.
  std::pair<std::size_t, std::size_t> waiting_and_late() const;

 private:
  using clock = std::chrono::steady_clock;
  struct turn {
    clock::time_point since;
    bool late = false;
  };
  using guard = std::unique_lock<std::mutex>;

  bool is_full() const noexcept { return prompt_.size() >= at_a_time_; }
  void run();
  caf::resumable* next(guard& held);
  bool rest(guard& held);
  void look_out(guard& held);
  void call_somebody();
  void add_thread();

  const std::size_t at_a_time_;
  mutable std::mutex lock_;
  std::condition_variable work_;    ///< for threads that rest
  std::condition_variable place_;   ///< for the one that looks out
  std::deque<caf::resumable*> queue_;
  std::list<turn> prompt_;          ///< turns under way that are not late, the oldest first
  std::list<turn> late_;
  std::list<std::thread> threads_;
  std::list<std::thread> gone_;     ///< that have ended by themselves
  std::size_t resting_ = 0;
  bool called_ = false;             ///< somebody was called and has not looked yet
  bool looks_out_ = false;
  bool stopping_ = false;
};

} // namespace ockam
