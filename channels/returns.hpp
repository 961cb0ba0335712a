// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace ockam::channels {

class threads;

/// What is sealed from so many bytes on is sealed, and opened, on another thread: it would keep the socket thread from all others
/// for longer than a read and a write of it do. Below that, two changes of thread cost more than they give. Messages of portals
/// have 128 KiB of their stream at most, so a full one is just over it when it is sealed, and all that are smaller stay on one thread
/// (docs/architecture.md, Channels).
inline constexpr std::size_t large_message = 128u << 10;

/// Where large messages are sealed and opened, and how their results come back to the socket thread.
struct elsewhere {
  threads& by; ///< lives until what it was given has ended
  std::function<void(std::function<void()>)> post; ///< any thread: to the socket thread
  std::size_t from = large_message;
};

/// What other threads have done, until the socket thread takes it: all that has gathered, so that one wake-up serves for
/// several. Thread: any.
template <class T>
class returns {
 public:
  /// True when nothing was there: whoever takes it has to be told.
  bool add(T one) {
    std::lock_guard lock{mutex_};
    all_.push_back(std::move(one));
    return all_.size() == 1;
  }
  std::vector<T> take() {
    std::lock_guard lock{mutex_};
    return std::exchange(all_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<T> all_;
};

} // namespace ockam::channels
