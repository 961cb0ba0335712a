// SPDX-License-Identifier: Apache-2.0
#include "transports/caf/caf_options.hpp"

#include "transports/caf/caf_entry.hpp"
#include "transports/stream/proxied.hpp"
#include "transports/tls/tls_options.hpp"

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

/// Whether TLS is wanted: any of its keys is there. What is missing then says `make_tls_…`.
bool is_secured(const option_values& keys) {
  return std::any_of(tls_listener_keys.begin(), tls_listener_keys.end(), [&](auto& key) { return keys.has(key.name); });
}

caf_settings with_tls(endpoint at, const option_values& keys) {
  return {std::move(at), is_secured(keys) ? std::optional{read_tls(keys)} : std::nullopt, {}};
}

} // namespace

result<caf_settings> read_caf_listener(const std::string& address, const transport_options& options) {
  auto keys = option_values::read(caf_entry::descriptor.listener.keys, options);
  if (!keys)
    return std::move(keys).error();
  auto at = parse_socket_address(address);
  if (!at)
    return std::move(at).error();
  // `insecure = yes`: the operator knows that whoever reaches the listener is trusted.
  if (!keys->get<bool>("insecure") && !is_loopback(at->host) && !keys->has("ca"))
    return error{errc::permission_denied,
                 "a caf listener without ca authenticates nobody, and " + to_string(*at) + " can be reached from other hosts",
                 "set certificate, key and ca, or listen on 127.0.0.1 or [::1], or allow it with: insecure = yes"};
  return with_tls(std::move(*at), *keys);
}

result<caf_settings> read_caf_connection(const std::string& address, const transport_options& options) {
  auto keys = option_values::read(caf_entry::descriptor.connection.keys, options);
  if (!keys)
    return std::move(keys).error();
  auto to = parse_endpoint(address);
  if (!to)
    return std::move(to).error();
  auto connect = connector_by_proxy(*to, *keys);
  if (!connect)
    return std::move(connect).error();
  auto settings = with_tls(std::move(*to), *keys);
  settings.connect = *std::move(connect);
  return settings;
}

result<void> caf_entry::check_listener(const std::string& address, const option_texts& options) {
  return check_tls(read_caf_listener(address, options), &make_tls_server);
}

result<void> caf_entry::check_connection(const std::string& address, const option_texts& options) {
  return check_tls(read_caf_connection(address, options), &make_tls_client);
}

} // namespace ockam
