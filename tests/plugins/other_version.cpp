// SPDX-License-Identifier: Apache-2.0
// A plugin that was built for the next version of the interface.
#include <ockam/service.hpp>

extern "C" const ockam::plugin ockam_plugin{{.version = ockam::plugin_abi::current + 1}, nullptr};
