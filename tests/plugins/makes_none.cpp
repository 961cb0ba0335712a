// SPDX-License-Identifier: Apache-2.0
// A plugin whose factory gives no worker.
#include <ockam/service.hpp>

extern "C" const ockam::plugin ockam_plugin{[](const ockam::service_options&) {
  return ockam::result<std::unique_ptr<ockam::worker>>{nullptr};
}};
