// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/node_identity.hpp"

#include <cstddef>
#include <string>

namespace ockam::bench {

/// What channels to make from inside a node of this process.
struct channel_load_options {
  std::string to;              ///< HOST:PORT of a node with a listener of secure channels
  std::string listener = "api";
  std::size_t count = 200;     ///< in all
  std::size_t at_once = 1;     ///< handshakes under way at one time
  bool keep = false;           ///< they stay until the end of standard input, which is waited for
};

struct channel_load_result {
  std::string error;           ///< not empty: the run failed
  std::size_t up = 0;          ///< how many came about
  double seconds = 0;          ///< from the first beginning to the last end of a handshake
  double p50_ms = 0, p99_ms = 0; ///< from the beginning of one to its end, both ends ready
  double own_kib_each = 0;     ///< what this process has grown by, for each; of those that stay
};

/// Makes channels over one TCP link. One at a time in a process. What it finds is also told to `found`, before it waits.
channel_load_result run_channel_load(const channel_load_options& o, void (*found)(const channel_load_result&));

/// Somebody of this process, with keys in memory.
channels::identity_ptr somebody();

} // namespace ockam::bench
