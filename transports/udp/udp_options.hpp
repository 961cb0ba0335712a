// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/section.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace ockam {

/// What a udp listener or connection may be told beside its address.
struct udp_options {
  std::size_t datagram_size = 508;         ///< largest datagram that is sent
  std::chrono::milliseconds keep_alive{0}; ///< connections: send something after this long in silence; 0: not
  std::string worker = {};                 ///< listeners: address of the worker; empty: 32 random hex digits
};

/// Reads the keys that udp_entry.hpp describes. Error: `invalid_argument`. Thread: any.
result<udp_options> read_udp_options(const option_texts& keys, bool listens);

} // namespace ockam
