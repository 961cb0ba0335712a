// SPDX-License-Identifier: Apache-2.0
#include "services/lua/file_watcher.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

namespace ockam::lua {

std::shared_ptr<file_watcher> file_watcher::shared() {
  static std::mutex lock;
  static std::weak_ptr<file_watcher> one;
  std::lock_guard guard{lock};
  auto w = one.lock();
  if (!w)
    one = w = std::shared_ptr<file_watcher>{new file_watcher};
  return w;
}

file_watcher::file_watcher() : inotify_{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)}, stop_{::eventfd(0, EFD_CLOEXEC)} {
  if (inotify_ >= 0 && stop_ >= 0)
    thread_ = std::thread{[this] { run(); }};
}

file_watcher::~file_watcher() {
  if (thread_.joinable()) {
    std::uint64_t one = 1;
    (void)!::write(stop_, &one, sizeof(one));
    thread_.join();
  }
  for (int fd : {inotify_, stop_})
    if (fd >= 0)
      ::close(fd);
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
  std::filesystem::path path{file};
  auto directory = path.has_parent_path() ? path.parent_path().string() : std::string{"."};
  std::lock_guard guard{lock_};
  // The same number for the same directory, however often it is asked for.
  auto at = ::inotify_add_watch(inotify_, directory.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO);
  if (at < 0)
    return out;
  entries_.emplace(++last_, entry{at, path.filename().string(), std::move(changed)});
  out.owner_ = shared_from_this();
  out.number_ = last_;
  return out;
}

void file_watcher::remove(std::uint64_t number) {
  std::lock_guard guard{lock_};
  auto it = entries_.find(number);
  if (it == entries_.end())
    return;
  auto directory = it->second.directory;
  entries_.erase(it);
  if (std::none_of(entries_.begin(), entries_.end(), [&](auto& e) { return e.second.directory == directory; }))
    ::inotify_rm_watch(inotify_, directory);
}

void file_watcher::run() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  std::array<pollfd, 2> fds{{{inotify_, POLLIN, 0}, {stop_, POLLIN, 0}}};
  while (true) {
    if (::poll(fds.data(), fds.size(), -1) < 0)
      continue;
    if (fds[1].revents != 0)
      return;
    auto n = ::read(inotify_, buffer.data(), buffer.size());
    std::lock_guard guard{lock_};
    for (ssize_t at = 0; at < n;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      for (auto& [number, e] : entries_)
        // An overflow says that something was left out: all of them look.
        if ((event->mask & IN_Q_OVERFLOW) != 0 || (e.directory == event->wd && event->len > 0 && e.name == event->name))
          e.changed();
    }
  }
}

} // namespace ockam::lua
