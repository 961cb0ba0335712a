// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/transport.hpp"

#include <memory>

namespace ockam {

/// The transports of this library, for `node_parts`.
std::unique_ptr<transport> make_tcp_transport(transport_context context);
std::unique_ptr<transport> make_udp_transport(transport_context context);
std::unique_ptr<transport> make_uds_transport(transport_context context);
std::unique_ptr<transport> make_ws_transport(transport_context context);
std::unique_ptr<transport> make_caf_transport(transport_context context);

} // namespace ockam
