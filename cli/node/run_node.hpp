// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/node/options.hpp"
#include "runtime/workers/service_type.hpp"

namespace ockam {

/// Runs a node until a signal, a request over control, or the end of standard input. Returns the exit
/// code. `services`: what the configuration may name. Precondition: signals are blocked in this thread and no other thread exists yet.
int run_node(node_options options, std::span<const service_type> services);

/// Says what is wrong, as far as possible to everyone who waits for it: standard error and `--ready-fd`.
void report_failure(node_options& options, const error& e);

} // namespace ockam
