// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace ockam::bench {

/// What to send from inside a node.
struct node_load_options {
  std::vector<std::string> route{"hop", "echo"};
  std::string via;                ///< `TRANSPORT:ADDRESS` of another node, which the route is behind; empty: none
  std::map<std::string, std::string> keys; ///< more of that connection's section: ca, …
  std::string channel;            ///< a listener of secure channels of that node: the route goes through a channel; empty: it does not
  bool on_pool = false;           ///< the sender is a pool worker, as a user's service is by default
  std::size_t bytes = 64;
  std::size_t in_flight = 1;
  double seconds = 2;
  double warmup = 0.3;
};

struct node_load_result {
  std::string error;              ///< not empty: the run failed
  double per_second = 0;          ///< replies
};

/// Runs a node in this process with one more worker, which keeps `in_flight` messages under way along the
/// route and counts replies: through workers of the same node, or over one link. One at a time in a process.
node_load_result run_node_load(const node_load_options& o);

} // namespace ockam::bench
