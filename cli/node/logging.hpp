// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/node/config.hpp"
#include "runtime/core/log.hpp"

#include <filesystem>

namespace ockam {

/// Where the log goes when the configuration names no file.
struct default_log {
  enum class place { standard_error, standard_output, daily_files };
  place where = place::standard_error;
  std::filesystem::path stem = {}; ///< of daily files: DIRECTORY/stdout
};

/// Starts the log as configured: asynchronous (the socket thread never waits for a disk; when the queue is
/// full the oldest lines go), rotating where it goes to files, as text or as JSON lines. On standard output lines are
/// kept back until `release_log`. Errors: `permission_denied`, `io_failure` for a file that cannot be opened.
result<void> start_logging(const log_config& c, const default_log& otherwise, const std::string& node_name);
/// From now on no line shows one of these texts, nor one that was named before. Thread: any, one at a time.
void hide_in_log(const std::vector<std::string>& secrets);
/// What was kept back of a log on standard output is written, and what comes from now on at once.
void release_log();
/// Opens files of the log anew, before the next line: somebody may have moved them away (logrotate). Does not wait.
void reopen_log();
/// Writes out what is queued and ends the log's thread. False when that takes more than half a second, as where nobody reads
/// standard error: the process then has to end without more ado (`_exit`).
bool stop_logging();

/// `info` → level::info. Precondition: one of the names of `log_config::level`.
level parse_level(std::string_view name);

/// One line of the JSON format, without the newline: `{"time":…,"level":…,"node":…,"component":…,"message":…}`.
std::string json_line(std::string_view time, level l, std::string_view node, std::string_view component, std::string_view message);

} // namespace ockam
