// SPDX-License-Identifier: Apache-2.0
// Links between processes of one host: the frames of TCP over a Unix socket. Who may connect is a matter of
// the socket's file and its directory: `mode` of a listener, 600 unless the operator widens it.
#include "transports/stream/stream_transport.hpp"
#include "transports/stream/uds_entry.hpp"
#include "transports/codec/wire_codec.hpp"

#include "runtime/core/unix_path.hpp"

namespace ockam {

namespace {

result<stream_place> place(const transport_context&, const std::string& address, const transport_options& options) {
  auto own = option_values::read(uds_entry::descriptor.listener.keys, options);
  if (!own)
    return std::move(own).error();
  auto path = parse_unix_path(address);
  if (!path)
    return std::move(path).error();
  auto mode = parse_file_mode(own->get<std::string>("mode"));
  if (!mode)
    return std::move(mode).error();
  return stream_place{[path = *path, mode = *mode](net::reactor& r, net::acceptor_events& owner) {
    return r.listen_unix(path, mode, owner);
  }};
}

result<stream_peer> peer(const transport_context&, const std::string& address, const transport_options& options) {
  if (auto own = option_values::read(uds_entry::descriptor.connection.keys, options); !own)
    return std::move(own).error();
  auto path = parse_unix_path(address);
  if (!path)
    return std::move(path).error();
  return stream_peer{*path, [path = *path](net::reactor& r, std::chrono::milliseconds timeout, net::reactor::connected done) {
                       return r.connect_unix(path, timeout, std::move(done));
                     }};
}

// No heartbeat: the system itself says when the other process has gone.
const stream_kind uds{uds_entry::descriptor.name, "uds-link", transport_type::uds, false, false, wire_codec::codec, &place, &peer};

} // namespace

std::unique_ptr<transport> uds_entry::make(transport_context context) {
  return std::make_unique<stream_transport>(uds, std::move(context));
}

} // namespace ockam
