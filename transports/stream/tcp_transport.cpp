// SPDX-License-Identifier: Apache-2.0
// TCP in Ockam's wire format (docs/protocol.md, Preamble and frames).
#include "transports/stream/proxied.hpp"
#include "transports/stream/stream_transport.hpp"
#include "transports/stream/tcp_entry.hpp"
#include "transports/codec/wire_codec.hpp"

#include "runtime/core/endpoint.hpp"

namespace ockam {

namespace {

result<stream_place> place(const transport_context&, const std::string& address, const transport_options& options) {
  if (auto own = option_values::read(tcp_entry::descriptor.listener.keys, options); !own)
    return std::move(own).error();
  auto at = parse_socket_address(address);
  if (!at)
    return std::move(at).error();
  return stream_place{[at = *at](net::reactor& r, net::acceptor_events& owner) { return r.listen(at, owner); }};
}

result<stream_peer> peer(const transport_context&, const std::string& address, const transport_options& options) {
  auto own = option_values::read(tcp_entry::descriptor.connection.keys, options);
  if (!own)
    return std::move(own).error();
  auto to = parse_endpoint(address);
  if (!to)
    return std::move(to).error();
  auto connect = connector_by_proxy(*to, *own);
  if (!connect)
    return std::move(connect).error();
  return stream_peer{to_string(*to), *std::move(connect)};
}

const stream_kind tcp{tcp_entry::descriptor.name, "tcp-link", transport_type::tcp, true, true, wire_codec::codec, &place, &peer};

} // namespace

std::unique_ptr<transport> tcp_entry::make(transport_context context) {
  return std::make_unique<stream_transport>(tcp, std::move(context));
}

} // namespace ockam
