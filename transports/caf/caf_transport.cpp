// SPDX-License-Identifier: Apache-2.0
// Links between nodes of this implementation, as CAF actors over BASP (docs/protocol.md, CAF links). BASP
// trusts whoever connects: over networks it goes through TLS with certificates on both sides.
#include "transports/caf/caf_entry.hpp"
#include "transports/caf/caf_options.hpp"
#include "transports/caf/caf_stream.hpp"
#include "transports/codec/native_codec.hpp"
#include "transports/stream/stream_transport.hpp"
#include "transports/tls/tls_store.hpp"
#include "transports/tls/tls_stream.hpp"

namespace ockam {

namespace {

caf_environment environment(const transport_context& c) {
  return {*c.actors, c.node.reactor, c.node.board.node_name()};
}

result<stream_place> place(tls_store& store, const transport_context& context, const std::string& address, const transport_options& options) {
  auto own = read_caf_listener(address, options);
  if (!own)
    return std::move(own).error();
  if (own->tls)
    if (auto ok = store.server(*own->tls, context.node.reactor.now()); !ok)
      return std::move(ok).error();
  return stream_place{[at = own->at](net::reactor& r, net::acceptor_events& owner) { return r.listen(at, owner); },
                      [env = environment(context), &store, tls = own->tls](net::stream_ptr s, std::uint32_t) {
                        if (tls)
                          s = std::make_unique<tls_stream>(env.reactor, std::move(s), *store.server(*tls, env.reactor.now()));
                        return accept_caf(env, std::move(s));
                      }};
}

result<stream_peer> peer(tls_store& store, const transport_context& context, const std::string& address, const transport_options& options) {
  auto own = read_caf_connection(address, options);
  if (!own)
    return std::move(own).error();
  auto env = environment(context);
  stream_wrapper secure;
  if (own->tls) {
    if (auto ok = store.client(*own->tls, env.reactor.now()); !ok)
      return std::move(ok).error();
    secure = [env, &store, tls = *own->tls, host = own->at.host](net::stream_ptr s, std::uint32_t) -> net::stream_ptr {
      return std::make_unique<tls_stream>(env.reactor, std::move(s), *store.client(tls, env.reactor.now()), host);
    };
  }
  auto name = to_string(own->at);
  return stream_peer{name, [name, env, secure, connect = std::move(own->connect)](net::reactor&, std::chrono::milliseconds timeout, net::reactor::connected done) {
                       return connect_caf(env, name, connect, secure, timeout, std::move(done));
                     }};
}

} // namespace

std::unique_ptr<transport> caf_entry::make(transport_context context) {
  auto store = std::make_shared<tls_store>();
  stream_kind kind{descriptor.name, "caf-link", transport_type::caf, true, true, native_codec::codec,
                   [store](auto&... of) { return place(*store, of...); }, [store](auto&... of) { return peer(*store, of...); },
                   [store] { store->look_again(); }};
  return std::make_unique<stream_transport>(std::move(kind), std::move(context));
}

} // namespace ockam
