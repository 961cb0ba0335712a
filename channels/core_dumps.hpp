// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ockam::channels {

/// From now on a dump of this process has none of its memory, for that has private keys. Its other traits stay, so that
/// who looks for nodes still finds it (which `PR_SET_DUMPABLE` would end). Any thread.
void keep_memory_out_of_core_dumps();

} // namespace ockam::channels
