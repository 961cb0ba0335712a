// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/live_parts.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ockam {

/// Its address.
inline constexpr std::string_view control_address = "_internal.control";

/// What the command line is told that asks the node to stop.
struct stop_notice {
  std::chrono::milliseconds within{0}; ///< for what is under way
  bool waits = false;                  ///< something is
};

/// Between CONTROL and its node when that is to stop. Lives as long as the node; socket thread.
struct stop_desk {
  /// The command line asks that the node stop; in this time, if it says so.
  std::function<stop_notice(std::optional<std::chrono::milliseconds> grace)> ask;
  bool closed = false;         ///< nothing new is begun for the command line
  std::size_t under_way = 0;   ///< requests that are not answered yet
};

/// CONTROL: the worker that serves the command line on the node's Unix socket. Each connection carries
/// any number of requests; each is answered when it is ready, so one slow request delays no other.
/// Connections of other users are refused. While the node is stopping it shows and answers, and begins nothing.
///
/// | request             | answer                                                              |
/// |---------------------|---------------------------------------------------------------------|
/// | see `control.proto` | the Response of the same name, or Error (`ockam::errc`)              |
std::unique_ptr<worker> make_control(live_parts n, const std::string& socket_path, stop_desk& stopping);

} // namespace ockam
