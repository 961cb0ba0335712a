// SPDX-License-Identifier: Apache-2.0
// Links between nodes of this make, as CAF actors over BASP (design §4). BASP trusts whoever connects: over
// networks it goes through TLS with certificates on both sides.
#include "transports/caf_stream.hpp"
#include "transports/native_codec.hpp"
#include "transports/stream_transport.hpp"
#include "transports/tls_options.hpp"
#include "transports/tls_stream.hpp"
#include "transports/transports.hpp"

#include "runtime/core/endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>

namespace ockam {

namespace {

/// Whether only processes of this host can reach a listener at this literal address.
bool is_loopback(const std::string& host) {
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1)
    return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/// `insecure = yes`: the operator knows that whoever reaches the listener is trusted.
result<bool> insecure(const transport_options& options) {
  auto it = options.find("insecure");
  if (it == options.end() || it->second == "no")
    return false;
  if (it->second == "yes")
    return true;
  return error{errc::invalid_argument, "insecure: \"" + printable(it->second) + "\" is neither yes nor no", {}};
}

/// Whether TLS is wanted: any of its keys is there. What is missing then says `make_tls_…`.
bool is_secured(const transport_options& options) {
  return std::any_of(tls_keys.begin(), tls_keys.end(), [&](auto key) { return options.contains(std::string{key}); });
}

caf_environment environment(const transport_context& c) {
  return {*c.actors, c.hosts.reactor(), c.hosts.board().node_name()};
}

result<stream_place> place(const transport_context& context, const std::string& address, const transport_options& options) {
  if (auto ok = check_options(options, {"insecure", "certificate", "key", "ca"}); !ok)
    return std::move(ok).error();
  auto at = parse_socket_address(address);
  if (!at)
    return std::move(at).error();
  auto open_to_all = insecure(options);
  if (!open_to_all)
    return std::move(open_to_all).error();
  if (!*open_to_all && !is_loopback(at->host) && !options.contains("ca"))
    return error{errc::permission_denied,
                 "a caf listener without ca authenticates nobody, and " + to_string(*at) + " can be reached from other hosts",
                 "set certificate, key and ca, or listen on 127.0.0.1 or [::1], or allow it with: insecure = yes"};
  tls_context tls;
  if (is_secured(options)) {
    auto made = make_tls_server(tls_files_of(options));
    if (!made)
      return std::move(made).error();
    tls = std::move(*made);
  }
  return stream_place{[at = *at](net::reactor& r, net::acceptor_events& owner) { return r.listen(at, owner); },
                      [env = environment(context), tls](net::stream_ptr s) {
                        if (tls)
                          s = std::make_unique<tls_stream>(env.reactor, std::move(s), tls);
                        return accept_caf(env, std::move(s));
                      }};
}

result<stream_peer> peer(const transport_context& context, const std::string& address, const transport_options& options) {
  if (auto ok = check_options(options, {"certificate", "key", "ca"}); !ok)
    return std::move(ok).error();
  auto to = parse_endpoint(address);
  if (!to)
    return std::move(to).error();
  auto env = environment(context);
  stream_wrapper secure;
  if (is_secured(options)) {
    auto tls = make_tls_client(tls_files_of(options));
    if (!tls)
      return std::move(tls).error();
    secure = [env, tls = *tls, host = to->host](net::stream_ptr s) -> net::stream_ptr {
      return std::make_unique<tls_stream>(env.reactor, std::move(s), tls, host);
    };
  }
  return stream_peer{to_string(*to), [to = *to, env, secure](net::reactor&, std::chrono::milliseconds timeout, net::reactor::connected done) {
                       return connect_caf(env, to, secure, timeout, std::move(done));
                     }};
}

constexpr stream_kind caf_kind{"caf", "caf-link", transport_type::caf, true, native_codec::codec, &place, &peer};

} // namespace

std::unique_ptr<transport> make_caf_transport(transport_context context) {
  return std::make_unique<stream_transport>(caf_kind, std::move(context));
}

} // namespace ockam
