// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ockam::bench {

/// The raw baseline: a minimal epoll server that writes back what it reads. Listens on 127.0.0.1, any
/// port, prints `listening 127.0.0.1:PORT`, and serves until it is killed. Returns only on error.
int run_epoll_echo();

} // namespace ockam::bench
