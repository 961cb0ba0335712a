// SPDX-License-Identifier: Apache-2.0
#include "channels/core_dumps.hpp"

#include <sys/resource.h>

#include <fstream>

namespace ockam::channels {

void keep_memory_out_of_core_dumps() {
  rlimit none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
  std::ofstream{"/proc/self/coredump_filter"} << "0"; // where dumps go to a program, the limit does not count
}

} // namespace ockam::channels
