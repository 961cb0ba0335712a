// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/watchdog.hpp"

#include "runtime/core/units.hpp"
#include "runtime/workers/worker_host.hpp"
#include "runtime/core/log.hpp"

#include <algorithm>

namespace ockam {

using namespace std::chrono_literals;

namespace {

std::atomic<std::uint64_t> last_number{0};

/// The slot of this thread, and whose it is.
struct cached_slot {
  std::uint64_t owner = 0;
  std::shared_ptr<watchdog::slot> slot;
};
thread_local cached_slot mine;

std::string rounded(watchdog::clock::duration d) {
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(d);
  return to_string(ms < 1s ? ms : std::chrono::floor<std::chrono::seconds>(ms));
}

} // namespace

watchdog::watchdog(std::chrono::milliseconds limit)
  : number_{last_number.fetch_add(1) + 1}, limit_{limit}, thread_{[this] { run(); }} {}

watchdog::~watchdog() {
  {
    std::lock_guard guard{lock_};
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

watchdog::slot& watchdog::slot_of_this_thread(bool on_pool) {
  if (mine.owner != number_)
    mine = {number_, add_slot(on_pool)};
  return *mine.slot;
}

std::shared_ptr<watchdog::slot> watchdog::add_slot(bool on_pool) {
  std::lock_guard guard{lock_};
  std::erase_if(watched_, [](auto& w) { return w.what.use_count() == 1; }); // threads of the pool come and go
  auto& w = watched_.emplace_back();
  w.what->on_pool = on_pool;
  return w.what;
}

std::vector<watchdog::finding> watchdog::overdue() const {
  std::lock_guard guard{lock_};
  std::vector<finding> out;
  for (const auto& w : watched_)
    if (!w.name.empty())
      out.push_back({w.name, w.what->on_pool, w.since});
  return out;
}

void watchdog::run() {
  auto period = std::clamp<std::chrono::milliseconds>(limit_ / 4, 5ms, 1s);
  std::unique_lock guard{lock_};
  while (!wake_.wait_for(guard, period, [this] { return stopping_; }))
    for (auto& w : watched_)
      look(w, clock::now());
}

void watchdog::look(watched& w, clock::time_point now) {
  auto* host = w.what->inside.load(std::memory_order_acquire);
  auto entries = w.what->entries.load(std::memory_order_relaxed);
  if (!host || entries != w.entries) {
    if (!w.name.empty())
      log(level::warn, "watchdog", "worker " + w.name + " has returned after " + rounded(now - w.since));
    w.name.clear();
    w.entries = entries;
    w.since = now;
    w.next_report = limit_;
    return;
  }
  if (now - w.since < w.next_report)
    return;
  // The host is still there: whoever destroys it calls `forget` first, which waits for the lock that
  // is held here, and comes to that only after its thread has left the call.
  if (w.name.empty()) {
    w.name = to_string(host->self());
    host->stats().overruns.fetch_add(1, std::memory_order_relaxed);
  }
  log(level::error, "watchdog", "worker " + w.name + " has not returned for " + rounded(now - w.since)
        + (w.what->on_pool ? ": it takes up a thread of the pool" : ": it holds up the whole node"));
  w.next_report *= 2;
}

} // namespace ockam
