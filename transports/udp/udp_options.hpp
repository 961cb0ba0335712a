// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

namespace ockam {

/// What a udp listener or connection may be told beside its address.
struct udp_options {
  std::size_t datagram_size = 508;         ///< largest datagram that is sent; what a real node uses
  std::chrono::milliseconds keep_alive{0}; ///< connections: send something after this long in silence; 0: not
  std::string worker = {};                 ///< listeners: address of the worker; empty: 32 random hex digits
};

/// Reads the keys `datagram-size` (64 to 65507), for connections `keep-alive` (`off`, 1s to 1d), for
/// listeners `worker`. Error: `invalid_argument`. Thread: any.
result<udp_options> read_udp_options(const std::map<std::string, std::string>& keys, bool listens);

} // namespace ockam
