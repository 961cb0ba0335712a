// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/unix_path.hpp"
#include "transports/stream/stream_keys.hpp"
#include "transports/transport_descriptor.hpp"

namespace ockam {

inline constexpr auto uds_listener_keys = joined_keys(stream_listener_keys, std::array<key_descriptor, 1>{{
  {.name = "mode", .about = "of the socket's file: who may connect, in octal digits", .fallback = "600", .value = "MODE",
   .check = &checked_by<&parse_file_mode>},
}});

/// Unix sockets in the list of transports.
struct uds_entry : transport_entry {
  static constexpr transport_descriptor descriptor{
    .name = "uds", .title = "UDS", .type = "Uds", .example = "/tmp/n1.sock",
    .listener = {.about = "listen on a Unix socket for nodes of this host",
                 .address = {.name = "address", .type = key_type::path, .about = "an absolute path of at most 107 bytes",
                             .value = "PATH", .required = true, .check = &checked_by<&parse_unix_path>},
                 .keys = uds_listener_keys},
    .connection = {.about = "connect to a node's Unix socket",
                   .address = {.name = "address", .type = key_type::path, .about = "where the other node listens",
                               .value = "PATH", .required = true, .check = &checked_by<&parse_unix_path>}}};

  static std::unique_ptr<transport> make(transport_context context);
};

} // namespace ockam
