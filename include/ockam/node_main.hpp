// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/service_type.hpp"

#include <vector>

namespace ockam {

/// `ockam-node`, whole: its options, configuration, log, signals and exit codes, with services of your own
/// beside those of every node. Returns the exit code.
///
///     int main(int argc, char** argv) {
///       return ockam::node_main(argc, argv, {ockam::service<greeter>("greeter")});
///     }
///
/// Call it from `main`, before any thread of yours exists: it blocks signals for the threads to come.
int node_main(int argc, char** argv, std::vector<service_type> own = {});

} // namespace ockam
