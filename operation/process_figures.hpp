// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace ockam::operation {

/// What the system says of this process. Each is missing where `/proc` does not tell it.
struct process_figures {
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> virtual_bytes;
  std::optional<double> cpu_seconds;          ///< of all threads, user and system, since the process began
  std::optional<double> start_seconds;        ///< since 1970, when the process began
  std::optional<std::uint64_t> threads;
  std::optional<std::uint64_t> open_files;
  std::optional<std::uint64_t> most_files;    ///< that it may have open
};

/// Reads them. Costs about 0.1 ms, more with many open files. Thread: any.
process_figures read_process_figures();

} // namespace ockam::operation
