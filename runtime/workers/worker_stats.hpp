// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ockam {

/// Durations in buckets whose width grows with the value: four to each power of two, so a percentile is
/// right within an eighth. One thread records, any may read.
class latency_histogram {
 public:
  void add(std::chrono::nanoseconds d) noexcept;
  void merge_into(std::vector<std::uint64_t>& counts) const;

  /// The value below which a share of what was recorded lies (the middle of its bucket), of merged counts.
  static std::chrono::nanoseconds percentile(const std::vector<std::uint64_t>& counts, double share) noexcept;
  static constexpr std::size_t buckets = 144; ///< up to 2^36 ns, more than a minute
  static std::chrono::nanoseconds middle_of(std::size_t bucket) noexcept;
  /// All that is in the bucket is less; of the last one, which has all that is longer too, the greatest that there is.
  static std::chrono::nanoseconds end_of(std::size_t bucket) noexcept;

 private:
  static std::size_t bucket_of(std::uint64_t ns) noexcept;
  std::array<std::atomic<std::uint64_t>, buckets> counts_{};
};

/// Where the actor that a worker speaks for runs.
enum class actor_runs : std::uint8_t {
  with_worker, ///< where the worker does; also: it speaks for none
  detached,    ///< in a thread of its own
  on_sockets,  ///< on the socket thread: a broker
  on_scheduler ///< on the threads of CAF's scheduler, which all such actors of a node share
};

/// What is behind a worker's type: the file of a script, the name of an actor.
struct worker_behavior {
  std::string name;
  std::uint64_t actor = 0; ///< CAF's id of that actor; 0: it is none
  actor_runs runs = actor_runs::with_worker;
};

/// Counters that a service names itself (see `worker::counter`), and what is behind its type. Thread: any.
class own_counters {
 public:
  std::atomic<std::uint64_t>& at(std::string_view name);
  std::vector<std::pair<std::string, std::uint64_t>> values() const;
  void behavior(worker_behavior b);
  worker_behavior behavior() const;

 private:
  mutable std::mutex lock_;
  std::map<std::string, std::atomic<std::uint64_t>, std::less<>> counters_; // nodes never move
  worker_behavior behavior_;
};

/// What a worker does, in numbers. Written by the worker's thread (`queued` by the socket thread too),
/// read by the socket thread. Idle workers are many: what not all need is made when it is first used.
class worker_stats {
 public:
  using clock = std::chrono::steady_clock;

  ~worker_stats();

  std::atomic<std::uint64_t> messages_out{0};
  std::atomic<std::uint64_t> failed{0};   ///< messages whose handler threw, or that were answered with an error
  std::atomic<std::uint64_t> restarts{0};
  std::atomic<std::uint64_t> overruns{0}; ///< calls that took longer than the watchdog allows
  std::atomic<std::int64_t> queued{0};    ///< messages in the mailbox
  std::atomic<std::int64_t> busy_since{0}; ///< when the call under way began, in ns of `clock`; 0: none

  /// From arrival at the worker to the end of its handler.
  void handled_in(std::chrono::nanoseconds d) {
    auto* h = latency_.load(std::memory_order_relaxed);
    if (!h)
      latency_.store(h = new latency_histogram, std::memory_order_release);
    h->add(d);
  }
  const latency_histogram* latency() const noexcept { return latency_.load(std::memory_order_acquire); }

  /// The worker's thread makes them. A reference lives as long as this.
  std::atomic<std::uint64_t>& counter(std::string_view name) { return own().at(name); }
  /// The worker's thread says it.
  void behavior(worker_behavior b) { own().behavior(std::move(b)); }
  /// No name when it was not said.
  worker_behavior behavior() const {
    const auto* c = counters();
    return c ? c->behavior() : worker_behavior{};
  }
  const own_counters* counters() const noexcept { return counters_.load(std::memory_order_acquire); }

 private:
  own_counters& own() {
    auto* c = counters_.load(std::memory_order_relaxed);
    if (!c)
      counters_.store(c = new own_counters, std::memory_order_release);
    return *c;
  }

  std::atomic<latency_histogram*> latency_{nullptr};
  std::atomic<own_counters*> counters_{nullptr};
};

} // namespace ockam
