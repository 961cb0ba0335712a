// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"
#include "runtime/net.hpp"
#include "runtime/worker.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace ockam {

enum class worker_thread : std::uint8_t { socket, pool };

/// How a worker is started.
struct worker_options {
  std::string_view type;   ///< shown in lists; static text
  worker_thread thread = worker_thread::socket;
  std::uint32_t producer = 0;              ///< links: flow control id of what it brings in
  std::vector<std::uint32_t> consumer_of;  ///< flow control ids whose messages may reach it
};

/// Starts and ends workers: makes the actor that runs each, and enters it into the switchboard. Socket
/// thread only. Implemented over CAF (`worker_host.cpp`); transports and services see only this.
class workers {
 public:
  virtual ~workers() = default;

  virtual switchboard& board() = 0;
  virtual net::reactor& reactor() = 0;

  /// Starts `w` at address `a`. On the socket thread `on_start` has run when this returns.
  /// Errors: `already_exists`, `invalid_address`; `service_failed` when `on_start` threw.
  virtual result<void> start(address a, std::unique_ptr<worker> w, worker_options o) = 0;
  /// Ends the worker at `a`: the address is free at once, `on_stop` runs on its own thread soon after.
  /// Error: `not_found`.
  virtual result<void> stop(address_view a) = 0;
};

} // namespace ockam
