// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ockam::bench {

/// The raw baseline for UDP: a minimal epoll server that sends each datagram back, one `recvfrom` and one
/// `sendto` each. Prints `listening 127.0.0.1:PORT` and runs until it is killed. Returns an exit code.
int run_udp_echo();

} // namespace ockam::bench
