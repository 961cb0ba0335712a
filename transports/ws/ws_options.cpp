// SPDX-License-Identifier: Apache-2.0
#include "transports/ws/ws_options.hpp"

#include "transports/stream/proxied.hpp"
#include "transports/tls/tls_options.hpp"
#include "transports/ws/ws_entry.hpp"

namespace ockam {

namespace {

/// Keys that make no sense without TLS are an error and not ignored: who writes them expects it.
result<void> check_plain(const ws_address& a, const option_values& keys) {
  if (!a.tls)
    for (const auto& key : tls_listener_keys)
      if (keys.has(key.name))
        return error{errc::invalid_argument, std::string{key.name} + " is for TLS, and " + to_string(a) + " is without", "write wss://" + to_string(a.at)};
  return {};
}

/// What is the same for both ends.
result<ws_settings> read(result<ws_address> a, const endpoint_descriptor& end, const transport_options& options) {
  auto keys = option_values::read(end.keys, options);
  if (!keys)
    return std::move(keys).error();
  if (!a)
    return std::move(a).error();
  if (auto ok = check_plain(*a, *keys); !ok)
    return std::move(ok).error();
  auto connect = connector_by_proxy(a->at, *keys);
  if (!connect)
    return std::move(connect).error();
  auto tls = a->tls ? std::optional{read_tls(*keys)} : std::nullopt;
  return ws_settings{std::move(*a), std::move(tls), keys->get<std::vector<std::string>>("origins"),
                     static_cast<std::size_t>(keys->get<std::uint64_t>(ws_max_header.name)), keys->get<std::string>("cookie"),
                     *std::move(connect)};
}

} // namespace

result<ws_settings> read_ws_listener(const std::string& address, const transport_options& options) {
  return read(parse_ws_listen_address(address), ws_entry::descriptor.listener, options);
}

result<ws_settings> read_ws_connection(const std::string& address, const transport_options& options) {
  return read(parse_ws_address(address), ws_entry::descriptor.connection, options);
}

result<void> ws_entry::check_listener(const std::string& address, const option_texts& options) {
  return check_tls(read_ws_listener(address, options), &make_tls_server);
}

result<void> ws_entry::check_connection(const std::string& address, const option_texts& options) {
  return check_tls(read_ws_connection(address, options), &make_tls_client);
}

} // namespace ockam
