// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/secret.hpp"
#include "runtime/core/error.hpp"

#include <string>

/// Files that only their owner may read. All of these block on the disk. Thread: any.
namespace ockam::identities::private_file {

/// Who may read a file that we read: its owner alone, or also whom systemd lets (it gives a service its credentials by
/// access control lists, which the mode of a file shows as rights of a group).
enum class readers { owner_only, of_systemd };

/// The whole file, of at most `max_size` bytes. Errors: `not_found`; `permission_denied` also when others than `who`
/// may read it; `too_large`, `io_failure`.
result<secret> read(const std::string& path, std::size_t max_size, readers who = readers::owner_only);

/// Puts a whole file in the place of another, or none, so that a crash leaves one or the other: written beside it with
/// mode 0600, synced, renamed. Errors: `io_failure` and others of the system.
result<void> replace(const std::string& path, bytes_view content);

/// Held by whoever changes `path`, from reading it to replacing it: a lock on `path.lock`, which ends with this value
/// or the process. Waits for others who hold it. Movable.
class guard {
 public:
  static result<guard> of(const std::string& path);
  guard(guard&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  guard& operator=(guard&&) = delete;
  ~guard();

 private:
  explicit guard(int fd) noexcept : fd_{fd} {}
  int fd_;
};

} // namespace ockam::identities::private_file
