// SPDX-License-Identifier: Apache-2.0
// Links between nodes of this implementation, as CAF actors over BASP (docs/protocol.md, CAF links). BASP
// trusts whoever connects: over networks it goes through TLS with certificates on both sides.
#include "transports/caf/caf_entry.hpp"
#include "transports/caf/caf_options.hpp"
#include "transports/caf/caf_stream.hpp"
#include "transports/codec/native_codec.hpp"
#include "transports/stream/stream_transport.hpp"
#include "transports/tls/tls_stream.hpp"

namespace ockam {

namespace {

caf_environment environment(const transport_context& c) {
  return {*c.actors, c.node.reactor, c.node.board.node_name()};
}

result<stream_place> place(const transport_context& context, const std::string& address, const transport_options& options) {
  auto own = read_caf_listener(address, options);
  if (!own)
    return std::move(own).error();
  return stream_place{[at = own->at](net::reactor& r, net::acceptor_events& owner) { return r.listen(at, owner); },
                      [env = environment(context), tls = own->tls](net::stream_ptr s, std::uint32_t) {
                        if (tls)
                          s = std::make_unique<tls_stream>(env.reactor, std::move(s), tls);
                        return accept_caf(env, std::move(s));
                      }};
}

result<stream_peer> peer(const transport_context& context, const std::string& address, const transport_options& options) {
  auto own = read_caf_connection(address, options);
  if (!own)
    return std::move(own).error();
  auto env = environment(context);
  stream_wrapper secure;
  if (own->tls)
    secure = [env, tls = own->tls, host = own->at.host](net::stream_ptr s, std::uint32_t) -> net::stream_ptr {
      return std::make_unique<tls_stream>(env.reactor, std::move(s), tls, host);
    };
  return stream_peer{to_string(own->at), [to = own->at, env, secure](net::reactor&, std::chrono::milliseconds timeout, net::reactor::connected done) {
                       return connect_caf(env, to, secure, timeout, std::move(done));
                     }};
}

constexpr stream_kind caf_kind{caf_entry::descriptor.name, "caf-link", transport_type::caf, true, native_codec::codec, &place, &peer};

} // namespace

std::unique_ptr<transport> caf_entry::make(transport_context context) {
  return std::make_unique<stream_transport>(caf_kind, std::move(context));
}

} // namespace ockam
