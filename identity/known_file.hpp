// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/known_identities.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace ockam::identities {

/// Known identities that a file keeps: what somebody has once shown counts also for the next process, so an older history
/// or another one is refused after a restart as well. The file has a line for each history, in hex as `history_file`
/// has it; later lines of one identity go on from earlier ones. One is written and synced before it counts, and the file is
/// written anew, whole or not at all, when more than half of it is old. Of mode 0600 though nothing in it is secret: who may
/// shorten it may bring back an old key.
class file_identities final : public memory_identities {
 public:
  /// Largest file: some 60,000 strangers with a rotation each take three quarters of it.
  static constexpr std::size_t largest = 64u << 20;

  /// Reads the file, or begins without one. It never gets more than `max_file` bytes, so that the next start reads it;
  /// strangers get three quarters of that, and what is over it is refused (`limit_reached`). Half a line at the end is what a crash has left, and falls away. Errors: those of
  /// `private_file::read`; `corrupt_state` for a line that is no history, or one that the lines before it contradict. One
  /// process at a time has a file: whose it is sees to that.
  static result<std::shared_ptr<file_identities>> open(std::string path, std::size_t max_file = largest);
  ~file_identities() override;

 private:
  file_identities(std::string path, std::size_t max_file)
    : memory_identities{max_strangers, max_file / bytes_in_hex / 4 * 3}, path_{std::move(path)}, max_file_{max_file} {}

  static constexpr std::size_t max_strangers = 65'536;
  static constexpr std::size_t bytes_in_hex = 2; ///< of the file, for each of a history

  result<void> record(const identity& who) override;
  result<void> load();
  result<void> rewrite();
  result<void> append(const std::string& line);

  const std::string path_;
  const std::size_t max_file_;
  int fd_ = -1;             ///< open for appending, once there was something to append
  std::uint64_t bytes_ = 0; ///< of the file
  std::uint64_t live_ = 0;  ///< of these, the newest line of each
};

} // namespace ockam::identities
