// SPDX-License-Identifier: Apache-2.0
#include "transports/caf/caf_options.hpp"

#include "transports/stream/stream_kind.hpp"
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

result<caf_settings> with_tls(endpoint at, const transport_options& options, result<tls_context> (*make_tls)(const tls_files&)) {
  auto tls = read_tls(is_secured(options), options, make_tls);
  if (!tls)
    return std::move(tls).error();
  return caf_settings{std::move(at), std::move(*tls)};
}

} // namespace

result<caf_settings> read_caf_listener(const std::string& address, const transport_options& options) {
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
  return with_tls(std::move(*at), options, &make_tls_server);
}

result<caf_settings> read_caf_connection(const std::string& address, const transport_options& options) {
  if (auto ok = check_options(options, {"certificate", "key", "ca"}); !ok)
    return std::move(ok).error();
  auto to = parse_endpoint(address);
  if (!to)
    return std::move(to).error();
  return with_tls(std::move(*to), options, &make_tls_client);
}

} // namespace ockam
