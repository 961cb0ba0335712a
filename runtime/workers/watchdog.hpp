// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ockam {

class worker_host;

/// Notices workers that do not return: a handler that loops takes a thread of the pool with it, or the
/// socket thread and so the whole node. A thread of its own looks at what the others are doing; they pay
/// for it with three stores a message. It cannot end such a handler, but it names it: in the log, and in
/// `overdue`.
class watchdog {
 public:
  using clock = std::chrono::steady_clock;

  /// A worker that has not returned.
  struct finding {
    std::string worker;
    bool on_pool = false;
    clock::time_point since;
  };

  /// What one thread is doing. Written by that thread.
  struct alignas(64) slot {
    std::atomic<worker_host*> inside{nullptr};
    std::atomic<std::uint64_t> entries{0}; ///< tells one call of a worker from the next
    bool on_pool = false;
  };

  /// While it lives, this thread runs code of a worker. May be nested; `w` may be null.
  class scope {
   public:
    scope(watchdog* w, worker_host& host, bool on_pool)
      : slot_{w ? &w->slot_of_this_thread(on_pool) : nullptr} {
      if (!slot_)
        return;
      outer_ = slot_->inside.load(std::memory_order_relaxed);
      slot_->entries.store(slot_->entries.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      slot_->inside.store(&host, std::memory_order_release);
    }
    ~scope() {
      if (slot_)
        slot_->inside.store(outer_, std::memory_order_release);
    }
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

   private:
    slot* slot_;
    worker_host* outer_ = nullptr;
  };

  /// Reports calls that take longer than `limit`, again each time that the time has doubled.
  explicit watchdog(std::chrono::milliseconds limit);
  ~watchdog();

  /// Those that have not returned now. Thread: any.
  std::vector<finding> overdue() const;
  /// To be called before a host is destroyed, so that none is looked at while it goes. Thread: any.
  void forget() { std::lock_guard guard{lock_}; }

 private:
  struct watched {
    std::shared_ptr<slot> what = std::make_shared<slot>(); ///< of its thread, until that ends
    std::uint64_t entries = 0;   ///< at the last look
    clock::time_point since;     ///< of that call
    std::chrono::milliseconds next_report{0};
    std::string name;            ///< not empty: has been reported
  };

  slot& slot_of_this_thread(bool on_pool);
  std::shared_ptr<slot> add_slot(bool on_pool);
  void run();
  void look(watched& w, clock::time_point now);

  const std::uint64_t number_; ///< of this object: one process may have several nodes
  const std::chrono::milliseconds limit_;
  mutable std::mutex lock_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::vector<watched> watched_;
  std::thread thread_;
};

} // namespace ockam
