// SPDX-License-Identifier: Apache-2.0
// The same echo as a CAF actor: for the benchmark, which compares it with the one that is a worker.
#include <ockam/actor.hpp>

namespace {

caf::behavior echo(caf::event_based_actor*) {
  return {[](const ockam::request& r) { return ockam::bytes(r.bytes()); }};
}

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of_actor<echo>()};
