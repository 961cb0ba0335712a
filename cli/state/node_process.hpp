// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/state/state.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace ockam::state {

/// A process by its descriptor: a signal never goes to another one that has got its number since.
class process {
 public:
  /// Takes over a pidfd.
  explicit process(descriptor pidfd) : fd_{std::move(pidfd)} {}
  /// The one that has this number now. Nothing when there is none.
  static std::optional<process> of(int pid);

  /// Its number, for people; -1 when it has ended or cannot be seen from here.
  int pid() const;
  bool signal(int number) const;
  /// Whether it has ended, waiting for that up to `time`.
  bool ended_within(std::chrono::milliseconds time) const;

 private:
  descriptor fd_;
};

/// The process that is the node: the one that holds its lock, also where the lock file was removed. The kernel is
/// asked, not the database: numbers are used again, and mean another process in another pid namespace. Nothing when
/// there is none, or when it cannot be seen from here.
std::optional<process> process_of(const home& h, std::string_view name);

/// Every process that is a node of this home, also those that are in no list.
std::vector<process> node_processes(const home& h);

} // namespace ockam::state
