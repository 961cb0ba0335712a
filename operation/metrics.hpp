// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operation/process_figures.hpp"
#include "runtime/links/snapshot.hpp"

#include <chrono>
#include <string>

namespace ockam::operation {

/// Beside the node's own figures, what a scrape shows.
struct scrape_figures {
  process_figures process;
  std::chrono::nanoseconds socket_thread_delay{0}; ///< until that thread took the question: how busy it is
};

/// The text of `/metrics`: names, units and types by Prometheus' conventions, in its text format 0.0.4. Every label is
/// something that the operator has named, a reason of ours, or a version: how many series there are does not depend on
/// who connects. Series of one family come in the order of the snapshot.
std::string metrics_text(const node_snapshot& s, const scrape_figures& figures);

/// The content type of that.
inline constexpr const char* metrics_type = "text/plain; version=0.0.4; charset=utf-8";

} // namespace ockam::operation
