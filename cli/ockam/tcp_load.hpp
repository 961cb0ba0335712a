// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/bench_result.hpp"
#include "runtime/core/error.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace ockam::cli {

struct tcp_load_options {
  std::string address;      ///< HOST:PORT
  std::size_t size = 64;    ///< bytes of a message
  std::size_t in_flight = 1;
  std::size_t connections = 1;
  std::uint64_t rate = 0;   ///< messages a second; 0: as fast as answers come
  std::chrono::milliseconds duration{};
  std::chrono::milliseconds give_up{};
  bool discard = false;     ///< the server reads and answers nothing: only what it takes is measured
};

/// Measures a TCP server that sends back what it gets, as one behind a portal: messages of equal size over some connections.
/// `progress` is called twice a second, and says whether to go on. Errors: `unreachable` (no connection at all), `invalid_argument`.
result<bench_result> load_tcp(const tcp_load_options& o, const std::function<bool(const bench_result&)>& progress);

} // namespace ockam::cli
