// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/output.hpp"
#include "runtime/core/fine_histogram.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace ockam::cli {

/// What a measurement has found. A plain value.
struct bench_result {
  std::string what;         ///< the route, or the address of a TCP server
  std::string from;         ///< the node that sent; empty: this program
  std::uint64_t size = 0;   ///< bytes of a message
  std::uint64_t in_flight = 0;
  std::uint64_t rate = 0;   ///< messages a second that were asked for; 0: as fast as answers come
  std::uint64_t elapsed_us = 0;
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t answered_in_time = 0; ///< while messages were sent
  std::map<std::string, std::uint64_t> errors;
  fine_histogram latencies;
  std::uint64_t least_ns = 0, most_ns = 0;
  double sum_ns = 0;

  double messages_per_second() const;
};

/// Percentiles, throughput, errors and classes, as JSON.
json to_json(const bench_result& r);
/// For people: the same in lines, with a histogram of at most `width` cells.
std::string page(const bench_result& r, std::size_t width);
/// A line while it goes on.
std::string progress_line(const bench_result& r);

/// How a result differs from an earlier one, which is what `to_json` gave: rows of name, before, now, and the ratio. Error:
/// `invalid_argument` where that is no such result.
result<json> compare(const bench_result& now, const json& before);
std::string comparison_page(const json& rows);

/// `1.234 ms`, `17.2 µs`.
std::string time_text(double ns);

} // namespace ockam::cli
