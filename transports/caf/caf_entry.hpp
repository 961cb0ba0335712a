// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/stream/proxy_key.hpp"
#include "transports/stream/stream_keys.hpp"
#include "transports/tls/tls_keys.hpp"
#include "transports/transport_descriptor.hpp"

namespace ockam {

inline constexpr auto caf_listener_keys = joined_keys(joined_keys(stream_listener_keys, tls_listener_keys), std::array<key_descriptor, 1>{{
  {.name = "insecure", .type = key_type::flag, .about = "may be reached from other hosts although there is no ca",
   .fallback = "no"},
}});

inline constexpr auto caf_connection_keys = joined_keys(tls_connection_keys, proxy_keys);

/// CAF's own network layer in the list of transports.
struct caf_entry : transport_entry {
  static constexpr transport_descriptor descriptor{
    .name = "caf", .title = "CAF", .type = "Caf", .example = "127.0.0.1:5000",
    .listener = {.about = "listen for nodes of this implementation over CAF, with certificate and key over TLS",
                 .address = ip_listen_address, .keys = caf_listener_keys},
    .connection = {.about = "connect to a node of this implementation over CAF, with one of its files over TLS",
                   .address = ip_peer_address, .keys = caf_connection_keys}};

  static std::unique_ptr<transport> make(transport_context context);
  static result<void> check_listener(const std::string& address, const option_texts& options);
  static result<void> check_connection(const std::string& address, const option_texts& options);
};

} // namespace ockam
