// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/node/config.hpp"
#include "runtime/core/log.hpp"

namespace ockam {

/// Starts the log as configured: asynchronous (the socket thread never waits for a disk; when the queue is
/// full the oldest lines go), rotating or on standard error, as text or as JSON lines. Errors:
/// `permission_denied`, `io_failure` for a file that cannot be opened.
result<void> start_logging(const log_config& c, const std::string& node_name);
/// Writes out what is queued and ends the log's thread.
void stop_logging();

/// `info` → level::info. Precondition: one of the names of `log_config::level`.
level parse_level(std::string_view name);

/// One line of the JSON format, without the newline: `{"time":…,"level":…,"node":…,"component":…,"message":…}`.
std::string json_line(std::string_view time, level l, std::string_view node, std::string_view component, std::string_view message);

} // namespace ockam
