// SPDX-License-Identifier: Apache-2.0
#include "cli/node/task_queue.hpp"

#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace ockam {

task_queue::task_queue() : fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {}

task_queue::~task_queue() {
  ::close(fd_);
}

void task_queue::post(std::function<void()> task) {
  {
    std::lock_guard guard{lock_};
    tasks_.push_back(std::move(task));
  }
  std::uint64_t one = 1;
  (void)!::write(fd_, &one, sizeof(one));
}

void task_queue::run() {
  std::uint64_t count = 0;
  (void)!::read(fd_, &count, sizeof(count));
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard guard{lock_};
    tasks.swap(tasks_);
  }
  for (auto& t : tasks)
    t();
}

} // namespace ockam
