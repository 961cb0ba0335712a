// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/bench/wire_load.hpp"

namespace ockam::bench {

/// Keeps `in_flight` messages under way on each of `connections` sockets, each in one datagram of Ockam's
/// UDP format (docs/protocol.md, UDP datagrams), and counts replies. What does not come back within 200 ms
/// is counted in `lost` and sent again, as UDP loses things; no reply for 10 s is an error. Payloads of up
/// to 400 bytes.
load_result run_udp_load(const load_options& o);

} // namespace ockam::bench
