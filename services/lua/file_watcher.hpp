// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace ockam::lua {

/// Tells of files that are others now, however that came about: written in place, renamed over, behind a symbolic link or
/// in a directory that were exchanged, as editors, `git checkout` and Kubernetes do it. It looks at each path some times a
/// second with `stat`, which follows what `open` follows. (inotify tells of inodes: each link and directory of a path would
/// have to be watched, and be found anew after each change; and it says nothing of network file systems.) A file that still
/// changes is told of when it has been the same for two looks. One thread for all files, which starts with the first. Any
/// thread.
class file_watcher : public std::enable_shared_from_this<file_watcher> {
 public:
  /// From one look to the next, unless there are more files than milliseconds in it.
  static constexpr std::chrono::milliseconds period{100};

  /// The one of this process.
  static std::shared_ptr<file_watcher> shared();
  explicit file_watcher(std::chrono::milliseconds from_look_to_look);
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

   private:
    friend class file_watcher;
    void end();
    std::shared_ptr<file_watcher> owner_;
    std::uint64_t number_ = 0;
  };
  /// `changed` is called on the watcher's thread: once soon, for what was written meanwhile, and after each change. It may
  /// read the file, and may be called once more while its watch ends. A file that is gone is no change; one that comes
  /// back is.
  watch add(const std::string& file, std::function<void()> changed);

 private:
  /// What tells one content of a path from another.
  struct identity {
    dev_t device;
    ino_t inode;
    off_t size;
    std::int64_t modified, changed; ///< in ns
    bool operator==(const identity&) const = default;
  };
  struct entry {
    std::string path;
    std::shared_ptr<const std::function<void()>> changed;
    std::optional<identity> seen; ///< at the last look; none: there is no such file
    std::optional<identity> told;
  };
  using calls = std::vector<std::shared_ptr<const std::function<void()>>>;

  static std::optional<identity> look_at(const std::string& path);
  calls look();
  void run();
  void remove(std::uint64_t number);

  const std::chrono::milliseconds period_;
  std::mutex lock_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::map<std::uint64_t, entry> entries_;
  std::uint64_t last_ = 0;
  std::thread thread_;
};

} // namespace ockam::lua
