// SPDX-License-Identifier: Apache-2.0
#include "channels/environment.hpp"

#include <chrono>

namespace ockam::channels {

identities::timestamp environment::now() {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<identities::timestamp>(std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

} // namespace ockam::channels
