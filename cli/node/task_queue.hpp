// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <vector>

namespace ockam {

/// Work for the main thread, which waits for signals most of the time: what may block and belongs to the whole program,
/// as writing its configuration does.
class task_queue {
 public:
  task_queue();
  task_queue(const task_queue&) = delete;
  task_queue& operator=(const task_queue&) = delete;
  ~task_queue();

  /// Thread: any.
  void post(std::function<void()> task);
  /// Readable when there is something to do.
  int fd() const { return fd_; }
  /// Does what has been posted, in that order. Thread: the main one.
  void run();

 private:
  int fd_;
  std::mutex lock_;
  std::vector<std::function<void()>> tasks_;
};

} // namespace ockam
