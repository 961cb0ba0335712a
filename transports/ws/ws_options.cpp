// SPDX-License-Identifier: Apache-2.0
#include "transports/ws/ws_options.hpp"

#include "transports/stream/stream_kind.hpp"
#include "transports/tls/tls_options.hpp"

namespace ockam {

namespace {

/// Keys that make no sense without TLS are an error and not ignored: who writes them expects it.
result<void> check_plain(const ws_address& a, const transport_options& options) {
  if (!a.tls)
    for (auto key : tls_keys)
      if (options.contains(std::string{key}))
        return error{errc::invalid_argument, std::string{key} + " is for TLS, and " + to_string(a) + " is without", "write wss://" + to_string(a.at)};
  return {};
}

/// What is the same for both ends.
result<ws_settings> read(result<ws_address> a, const transport_options& options, result<tls_context> (*make_tls)(const tls_files&)) {
  if (!a)
    return std::move(a).error();
  if (auto ok = check_plain(*a, options); !ok)
    return std::move(ok).error();
  auto tls = read_tls(a->tls, options, make_tls);
  if (!tls)
    return std::move(tls).error();
  return ws_settings{std::move(*a), std::move(*tls)};
}

} // namespace

result<ws_settings> read_ws_listener(const std::string& address, const transport_options& options) {
  if (auto ok = check_options(options, {"certificate", "key", "ca", "origins"}); !ok)
    return std::move(ok).error();
  return read(parse_ws_listen_address(address), options, &make_tls_server);
}

result<ws_settings> read_ws_connection(const std::string& address, const transport_options& options) {
  if (auto ok = check_options(options, {"certificate", "key", "ca"}); !ok)
    return std::move(ok).error();
  return read(parse_ws_address(address), options, &make_tls_client);
}

} // namespace ockam
