// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/output.hpp"

#include "proto/control.pb.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace ockam::cli {

/// What a node said of itself at one moment.
struct node_sample {
  std::string name;
  std::string trouble; ///< why it said nothing; empty: it did
  std::chrono::steady_clock::time_point at{};
  control::NodeInfo info;
  std::vector<control::ConnectionInfo> links;
  std::uint64_t resident = 0; ///< bytes of its process; 0: not to be seen from here
};

/// Figures of some nodes between two moments, busiest links first. `before` has the same nodes in the same order, or none.
json top_data(const std::vector<node_sample>& before, const std::vector<node_sample>& now);
/// The same as lines, at most `height` of them, none wider than `width` (0: no bound).
std::string top_page(const json& data, std::size_t width, std::size_t height);

/// `12.3 k`, `1.23 M`.
std::string short_count(double n);
/// `12.3 KiB`.
std::string short_size(double bytes);

} // namespace ockam::cli
