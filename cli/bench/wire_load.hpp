// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ockam::bench {

/// What to send.
struct load_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::vector<std::string> route{"echo"}; ///< workers behind the connection
  std::size_t bytes = 64;                 ///< payload
  std::size_t connections = 1;
  std::size_t in_flight = 1;              ///< for each connection
  double seconds = 2;
  double warmup = 0.3;
  bool raw = false;                       ///< against the epoll echo: frames come back as they went
};

/// What came back.
struct load_result {
  std::string error;          ///< not empty: the run failed
  double seconds = 0;
  std::uint64_t replies = 0;
  double per_second = 0;
  double megabytes_per_second = 0; ///< payload, each way
  double p50_us = 0, p99_us = 0, p999_us = 0; ///< of sampled round trips
  std::uint64_t lost = 0;     ///< udp: messages without a reply
};

/// Keeps `in_flight` messages under way on each connection, in Ockam's TCP format (docs/protocol.md,
/// Preamble and frames), and counts replies. Every reply's length is checked; a connection that ends, or
/// 10 s without a reply, is an error.
load_result run_wire_load(const load_options& o);

} // namespace ockam::bench
