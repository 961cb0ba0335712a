// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace ockam::lua {

/// Tells of files that were written or replaced, by inotify on their directories: editors put a new file in
/// place of the old one. One thread for all of them, which sleeps until something happens; it starts with the
/// first file. Where the system has no inotify to give, nothing is told. Any thread.
class file_watcher : public std::enable_shared_from_this<file_watcher> {
 public:
  /// The one of this process.
  static std::shared_ptr<file_watcher> shared();
  ~file_watcher();
  file_watcher(const file_watcher&) = delete;
  file_watcher& operator=(const file_watcher&) = delete;

  /// Watches as long as it lives.
  class watch {
   public:
    watch() = default;
    watch(watch&& other) noexcept : owner_{std::move(other.owner_)}, number_{other.number_} {}
    watch& operator=(watch&& other) noexcept;
    ~watch() { end(); }
    explicit operator bool() const noexcept { return owner_ != nullptr; }

   private:
    friend class file_watcher;
    void end();
    std::shared_ptr<file_watcher> owner_;
    std::uint64_t number_ = 0;
  };
  /// `changed` is called on the watcher's thread; it must not block, nor end a watch.
  watch add(const std::string& file, std::function<void()> changed);

 private:
  struct entry {
    int directory;
    std::string name;
    std::function<void()> changed;
  };

  file_watcher();
  void run();
  void remove(std::uint64_t number);

  int inotify_ = -1;
  int stop_ = -1; ///< an eventfd
  std::mutex lock_;
  std::map<std::uint64_t, entry> entries_;
  std::uint64_t last_ = 0;
  std::thread thread_;
};

} // namespace ockam::lua
