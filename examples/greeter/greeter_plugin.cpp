// SPDX-License-Identifier: Apache-2.0
// The same service for any ockam-node, in its configuration:
//     [service hello]
//     plugin = greeter.so
//     greeting = Good morning
#include "greeter.hpp"

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<greeter>()};
