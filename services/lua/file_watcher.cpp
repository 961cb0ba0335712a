// SPDX-License-Identifier: Apache-2.0
#include "services/lua/file_watcher.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <utility>

namespace ockam::lua {

std::shared_ptr<file_watcher> file_watcher::shared() {
  static std::mutex lock;
  static std::weak_ptr<file_watcher> one;
  std::lock_guard guard{lock};
  auto w = one.lock();
  if (!w)
    one = w = std::make_shared<file_watcher>(period);
  return w;
}

file_watcher::file_watcher(std::chrono::milliseconds from_look_to_look)
  : period_{from_look_to_look}, thread_{[this] { run(); }} {}

file_watcher::~file_watcher() {
  {
    std::lock_guard guard{lock_};
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

file_watcher::watch& file_watcher::watch::operator=(watch&& other) noexcept {
  end();
  owner_ = std::move(other.owner_);
  number_ = other.number_;
  return *this;
}

void file_watcher::watch::end() {
  if (auto owner = std::exchange(owner_, nullptr))
    owner->remove(number_);
}

file_watcher::watch file_watcher::add(const std::string& file, std::function<void()> changed) {
  watch out;
  auto call = std::make_shared<const std::function<void()>>(std::move(changed));
  std::lock_guard guard{lock_};
  entries_.emplace(++last_, entry{file, std::move(call), {}, {}});
  out.owner_ = shared_from_this();
  out.number_ = last_;
  return out;
}

void file_watcher::remove(std::uint64_t number) {
  std::lock_guard guard{lock_};
  entries_.erase(number);
}

std::optional<file_watcher::identity> file_watcher::look_at(const std::string& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0)
    return std::nullopt;
  auto ns = [](const timespec& t) { return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; };
  return identity{s.st_dev, s.st_ino, s.st_size, ns(s.st_mtim), ns(s.st_ctim)};
}

/// Two looks at the same thing: it is whole, and it was written a while ago, so that no later writing has the same time.
file_watcher::calls file_watcher::look() {
  std::map<std::string, std::optional<identity>> found; // many services may share one script
  {
    std::lock_guard guard{lock_};
    for (auto& [number, e] : entries_)
      found.try_emplace(e.path);
  }
  for (auto& [path, what] : found)
    what = look_at(path);
  calls out;
  std::lock_guard guard{lock_};
  for (auto& [number, e] : entries_) {
    auto it = found.find(e.path);
    if (it == found.end())
      continue;
    const auto& now = it->second;
    if (now && now == e.seen && now != e.told) {
      e.told = now;
      out.push_back(e.changed);
    }
    e.seen = now;
  }
  return out;
}

void file_watcher::run() {
  std::unique_lock guard{lock_};
  while (true) {
    auto pause = std::max(period_, std::chrono::milliseconds{entries_.size()});
    if (wake_.wait_for(guard, pause, [this] { return stopping_; }))
      return;
    guard.unlock();
    for (auto& changed : look())
      (*changed)();
    guard.lock();
  }
}

} // namespace ockam::lua
