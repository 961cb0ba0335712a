// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/live_parts.hpp"

#include <functional>
#include <memory>
#include <string>

namespace ockam {

/// CONTROL: the worker that serves the command line on the node's Unix socket. Each connection carries
/// any number of requests; each is answered when it is ready, so one slow request delays no other.
/// Connections of other users are refused. `request_stop`: the command line asks that the node stop.
///
/// | request             | answer                                                              |
/// |---------------------|---------------------------------------------------------------------|
/// | see `control.proto` | the Response of the same name, or Error (`ockam::errc`)              |
std::unique_ptr<worker> make_control(live_parts n, const std::string& socket_path, std::function<void()> request_stop);

} // namespace ockam
