// SPDX-License-Identifier: Apache-2.0
// WebSocket links, ws:// and wss://: one routing message in a binary message.
#include "transports/stream/stream_transport.hpp"
#include "transports/tls/tls_store.hpp"
#include "transports/tls/tls_stream.hpp"
#include "transports/codec/wire_codec.hpp"
#include "transports/ws/ws_entry.hpp"
#include "transports/ws/ws_options.hpp"
#include "transports/ws/ws_stream.hpp"

namespace ockam {

namespace {

result<stream_place> place(tls_store& store, const transport_context& c, const std::string& address, const transport_options& options) {
  auto own = read_ws_listener(address, options);
  if (!own)
    return std::move(own).error();
  if (own->tls)
    if (auto ok = store.server(*own->tls, c.node.reactor.now()); !ok)
      return std::move(ok).error();
  ws::upgrade_policy policy{own->at.target, own->origins, own->max_header};
  stream_place p;
  p.open = [at = own->at.at](net::reactor& r, net::acceptor_events& owner) { return r.listen(at, owner); };
  p.wrap = [&c, &store, tls = own->tls, policy](net::stream_ptr s, std::uint32_t listener) -> net::stream_ptr {
    auto& r = c.node.reactor;
    if (tls)
      s = std::make_unique<tls_stream>(r, std::move(s), *store.server(*tls, r.now()));
    return std::make_unique<ws_stream>(r, std::move(s), c.node.limits, frame_pool::origin{c.node.frames, listener}, policy);
  };
  return p;
}

result<stream_peer> peer(tls_store& store, const transport_context& c, const std::string& address, const transport_options& options) {
  auto own = read_ws_connection(address, options);
  if (!own)
    return std::move(own).error();
  if (own->tls)
    if (auto ok = store.client(*own->tls, c.node.reactor.now()); !ok)
      return std::move(ok).error();
  stream_peer p;
  p.name = to_string(own->at);
  p.connect = std::move(own->connect);
  auto host = to_string(endpoint{std::string{public_host(own->at.at.host)}, own->at.at.port});
  ws_stream::client client{{std::move(host), own->at.target, own->cookie}, own->max_header};
  p.wrap = [&c, &store, tls = own->tls, name = own->at.at.host, client = std::move(client)](net::stream_ptr s, std::uint32_t) -> net::stream_ptr {
    auto& r = c.node.reactor;
    if (tls)
      s = std::make_unique<tls_stream>(r, std::move(s), *store.client(*tls, r.now()), name);
    return std::make_unique<ws_stream>(r, std::move(s), c.node.limits, frame_pool::origin{c.node.frames, 0}, client);
  };
  return p;
}

} // namespace

std::unique_ptr<transport> ws_entry::make(transport_context context) {
  auto store = std::make_shared<tls_store>();
  stream_kind kind{descriptor.name, "ws-link", transport_type::websocket, true, true, wire_codec::codec,
                   [store](auto&... of) { return place(*store, of...); }, [store](auto&... of) { return peer(*store, of...); },
                   [store] { store->look_again(); }};
  return std::make_unique<stream_transport>(std::move(kind), std::move(context));
}

} // namespace ockam
