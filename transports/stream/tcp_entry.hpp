// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/stream/proxy_key.hpp"
#include "transports/stream/stream_keys.hpp"
#include "transports/transport_descriptor.hpp"

namespace ockam {

/// TCP in the list of transports.
struct tcp_entry : transport_entry {
  static constexpr transport_descriptor descriptor{
    .name = "tcp", .title = "TCP", .type = "Tcp", .example = "127.0.0.1:4000",
    .listener = {.about = "listen for other nodes, for example 127.0.0.1:4000", .address = ip_listen_address,
                 .keys = stream_listener_keys},
    .connection = {.about = "connect to another node", .address = ip_peer_address, .keys = proxy_keys}};

  static std::unique_ptr<transport> make(transport_context context);
};

} // namespace ockam
