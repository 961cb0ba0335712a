// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/node/options.hpp"
#include "runtime/workers/service_type.hpp"

#include <functional>

namespace caf {
class actor_system;
}

namespace ockam {

/// What a program does beside its node (`actor_main`).
using own_function = std::function<void(caf::actor_system&)>;

/// Runs a node until a signal, a request over control, the end of standard input or that of `own`, if there is one.
/// Returns the exit code. `services`: what the configuration may name. Precondition: signals are blocked in this thread
/// and no other thread exists yet.
int run_node(node_options options, std::span<const service_type> services, const own_function& own = nullptr);

/// Says what is wrong, as far as possible to everyone who waits for it: standard error and `--ready-fd`.
void report_failure(node_options& options, const error& e);

} // namespace ockam
