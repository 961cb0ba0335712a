// SPDX-License-Identifier: Apache-2.0
// A plugin that needs what this node does not have.
#include <ockam/service.hpp>

namespace ockam {
void something_of_the_future();
}

extern "C" const ockam::plugin ockam_plugin{[](const ockam::service_options&) {
  ockam::something_of_the_future();
  return ockam::result<std::unique_ptr<ockam::worker>>{nullptr};
}};
