// SPDX-License-Identifier: Apache-2.0
// A shared object whose ockam_plugin is something else.
#include <ockam/service.hpp>

extern "C" int ockam_plugin() {
  return 1;
}
