// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/span.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace ockam {

/// What a node does with traces: whether it keeps spans, where these wait until they are sent, and which traces that begin
/// here are sampled. Closed at first: traces of others pass, and nothing is kept. Workers put spans in, one sender takes
/// them out; nobody who puts one in ever waits for it. Lives longer than the node's messages. Thread: any.
class tracer {
 public:
  using clock = std::chrono::steady_clock;

  struct counts {
    std::uint64_t kept = 0;    ///< spans that have ended
    std::uint64_t sent = 0;    ///< that were taken by who collects them
    std::uint64_t dropped = 0; ///< that found no room
    std::uint64_t failed = 0;  ///< that could not be sent
    std::size_t waiting = 0;
  };

  /// Spans are kept, at most this many until they are taken; `enough` of them wake the sender.
  void open(std::size_t most, std::size_t enough, double sample);
  /// No more; what waits can still be taken.
  void close() noexcept { open_.store(false, std::memory_order_relaxed); }
  bool is_open() const noexcept { return open_.load(std::memory_order_relaxed); }

  /// A trace that begins here.
  trace_context begin() const { return begin_trace(sample_.load(std::memory_order_relaxed)); }
  /// The span of a worker whose message has `of`, which is told its id: what goes on is this span's. Null when it is not to
  /// be kept, and then nothing has changed.
  std::unique_ptr<open_span> begin_span(trace_context& of, span s);
  /// The same for the one that begins the trace: it has the id that `of` has.
  std::unique_ptr<open_span> begin_root(const trace_context& of, span s);

  void take(span&& s) noexcept;

  // -- for the one that sends ---------------------------------------------------------------------------
  /// Waits for `enough` spans, a call of `wake`, or `until`. At most `most`, the oldest first; nothing may have come.
  std::vector<span> wait(std::size_t most, clock::time_point until);
  void wake() noexcept;
  void count_sent(std::size_t n) noexcept { sent_.fetch_add(n, std::memory_order_relaxed); }
  void count_failed(std::size_t n) noexcept { failed_.fetch_add(n, std::memory_order_relaxed); }

  counts figures() const;
  /// Somebody has opened it once: there are figures.
  bool is_used() const noexcept { return used_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> open_ = false, used_ = false;
  std::atomic<double> sample_ = 1;
  std::atomic<std::uint64_t> kept_ = 0, sent_ = 0, dropped_ = 0, failed_ = 0;
  mutable std::mutex lock_; ///< of what follows; held for the time of a move
  std::condition_variable changed_;
  std::deque<span> waiting_;
  std::size_t most_ = 0, enough_ = 1;
  bool woken_ = false;
};

} // namespace ockam
