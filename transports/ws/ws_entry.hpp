// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/ws_address.hpp"
#include "transports/stream/proxy_key.hpp"
#include "transports/stream/stream_keys.hpp"
#include "transports/tls/tls_keys.hpp"
#include "transports/transport_descriptor.hpp"

namespace ockam {

inline constexpr key_descriptor ws_max_header{
  .name = "max-header", .type = key_type::size, .about = "longest HTTP head of an upgrade that is read, cookies included",
  .fallback = "16KiB", .least = 1u << 10, .most = 256u << 10};

inline constexpr auto ws_listener_keys = joined_keys(joined_keys(stream_listener_keys, tls_listener_keys), std::array<key_descriptor, 2>{{
  {.name = "origins", .type = key_type::list, .about = "web pages of these origins may connect; * stands for all"},
  ws_max_header,
}});

inline constexpr auto ws_connection_keys = joined_keys(joined_keys(tls_connection_keys, proxy_keys), std::array<key_descriptor, 2>{{
  {.name = "cookie", .about = "cookies of the upgrade request, for a gateway that asks for them", .most = 8u << 10,
   .value = "NAME=VALUE; …", .check = &check_http_value},
  ws_max_header,
}});

/// WebSockets in the list of transports.
struct ws_entry : transport_entry {
  static constexpr transport_descriptor descriptor{
    .name = "ws", .title = "WebSocket", .type = "WebSocket", .example = "ws://127.0.0.1:4000",
    .listener = {.about = "listen for WebSockets, for example at ws://127.0.0.1:4000",
                 .address = {.name = "address",
                             .about = "ws://IP:PORT or wss://IP:PORT, with the only path that is served if any",
                             .value = "URL", .required = true, .check = &checked_by<&parse_ws_listen_address>},
                 .keys = ws_listener_keys},
    .connection = {.about = "connect to another node by WebSocket, ws:// or wss://",
                   .address = {.name = "address", .about = "ws://HOST:PORT/PATH or wss://HOST:PORT/PATH", .value = "URL",
                               .required = true, .check = &checked_by<&parse_ws_address>},
                   .keys = ws_connection_keys}};

  static std::unique_ptr<transport> make(transport_context context);
  static result<void> check_listener(const std::string& address, const option_texts& options);
  static result<void> check_connection(const std::string& address, const option_texts& options);
};

} // namespace ockam
