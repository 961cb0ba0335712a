// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ockam/actor.hpp>

#include <functional>
#include <string>
#include <vector>

namespace ockam {

/// What stands behind `--` on the command line.
using arguments = std::vector<std::string>;

/// A program of actors that is a node: `ockam-node` as `node_main` has it, which runs `body` with the node's actor
/// system once the node is up, on a thread of its own. In the place of `CAF_MAIN`:
///
///     void caf_main(caf::actor_system& system, const ockam::arguments& words) { … }
///
///     int main(int argc, char** argv) { return ockam::actor_main(argc, argv, caf_main); }
///
/// The program ends when `body` has returned and the actors that were published have ended; for others `body` has to
/// wait. When it is told to end, by a signal or `ockam node stop`, these actors get exit messages, as when any node
/// ends, and a `body` that does not return soon, since it reads from a terminal for instance, is cut off. The options
/// of `ockam-node` stand in front of `--`; without a name and a configuration it keeps no state (`--no-state`) and logs
/// warnings only.
///
/// Returns the exit code: 70 when an exception has left `body`. Call it from `main`, before any thread of yours exists.
int actor_main(int argc, char** argv, std::function<void(caf::actor_system&, const arguments&)> body,
               std::vector<service_type> own = {});

} // namespace ockam
