// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <chrono>
#include <string>

namespace ockam::cli {

/// What a node answers to a request at its own HTTP endpoint: HOST:PORT, or the path of a Unix socket. No other server is meant,
/// so there is one request a connection and no more of HTTP than that. The token is for this host alone, since it is not encrypted.
/// Errors: `unsupported`, there is a token and the address may be another host's; `unreachable`, `timed_out`, `io_failure` for another
/// status than 200.
result<std::string> http_get(const std::string& address, const std::string& path, const std::string& token, std::chrono::milliseconds within);

} // namespace ockam::cli
