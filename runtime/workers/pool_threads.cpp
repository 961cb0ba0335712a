// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/pool_threads.hpp"

#include "runtime/core/log.hpp"

#include <algorithm>
#include <system_error>

namespace ockam {

namespace {

/// Messages that one actor may handle in a turn. A parcel of them is one.
constexpr std::size_t messages_a_turn = 16;

/// After that, a thread beyond the usual number ends.
constexpr std::chrono::seconds longest_rest{10};

void join_all(std::list<std::thread>& threads) {
  for (auto& t : threads)
    t.join();
  threads.clear();
}

} // namespace

void pool_threads::exec_later(caf::resumable* job) {
  std::lock_guard held{lock_};
  queue_.push_back(job);
  call_somebody();
}

std::size_t pool_threads::size() const {
  std::lock_guard held{lock_};
  return threads_.size();
}

std::pair<std::size_t, std::size_t> pool_threads::waiting_and_late() const {
  std::lock_guard held{lock_};
  return {queue_.size(), late_.size()};
}

void pool_threads::join() {
  std::list<std::thread> all;
  {
    std::lock_guard held{lock_};
    stopping_ = true;
    all.swap(threads_);
    all.splice(all.end(), gone_);
  }
  work_.notify_all();
  place_.notify_all();
  join_all(all);
}

/// One is called at a time, and calls the next when it has taken a job.
void pool_threads::call_somebody() {
  if (queue_.empty() || called_ || (looks_out_ && is_full()))
    return;
  if (looks_out_) {
    called_ = true;
    place_.notify_one();
  } else if (resting_ > 0) {
    called_ = true;
    work_.notify_one();
  } else if (threads_.size() <= at_a_time_ + most_late && !stopping_) {
    add_thread();
  }
}

void pool_threads::add_thread() {
  join_all(gone_);
  try {
    threads_.emplace_back([this] { run(); });
    called_ = true;
  } catch (const std::system_error& e) {
    log(level::error, "pool", std::string{"cannot start a thread: "} + e.what());
  }
}

void pool_threads::run() {
  guard held{lock_};
  called_ = false;
  while (auto* job = next(held)) {
    auto mine = prompt_.insert(prompt_.end(), turn{clock::now()});
    call_somebody();
    held.unlock();
    auto how = job->resume(this, messages_a_turn);
    if (how != caf::resumable::resume_later)
      intrusive_ptr_release(job); // whose end may run code of the worker
    held.lock();
    (mine->late ? late_ : prompt_).erase(mine);
    if (how == caf::resumable::resume_later)
      queue_.push_back(job);
  }
}

/// Waits until there is a job and a place for it. Null: the thread ends.
caf::resumable* pool_threads::next(guard& held) {
  while (true) {
    if (queue_.empty() || (is_full() && looks_out_)) {
      if ((stopping_ && queue_.empty()) || !rest(held))
        return nullptr;
    } else if (is_full() && clock::now() < prompt_.front().since + patience) {
      look_out(held);
    } else {
      if (is_full()) {
        prompt_.front().late = true;
        late_.splice(late_.end(), prompt_, prompt_.begin());
      }
      auto* job = queue_.front();
      queue_.pop_front();
      return job;
    }
  }
}

/// False: there was nothing to do for long, and there are others.
bool pool_threads::rest(guard& held) {
  ++resting_;
  bool woken = work_.wait_for(held, longest_rest, [this] { return called_ || stopping_; });
  --resting_;
  called_ = called_ && !woken;
  if (woken || threads_.size() <= at_a_time_)
    return true;
  auto me = std::find_if(threads_.begin(), threads_.end(), [](auto& t) { return t.get_id() == std::this_thread::get_id(); });
  if (me != threads_.end())
    gone_.splice(gone_.end(), threads_, me);
  return false;
}

void pool_threads::look_out(guard& held) {
  looks_out_ = true;
  place_.wait_until(held, prompt_.front().since + patience);
  looks_out_ = false;
  called_ = false;
}

} // namespace ockam
