// SPDX-License-Identifier: Apache-2.0
#include "cli/node/endpoint_sections.hpp"

#include "runtime/core/endpoint.hpp"
#include "runtime/core/unix_path.hpp"
#include "runtime/core/ws_address.hpp"
#include "transports/udp/udp_options.hpp"

#include <array>

namespace ockam {

namespace {

template <auto Parse>
result<void> parses(const std::string& address) {
  auto r = Parse(address);
  if (!r)
    return std::move(r).error();
  return {};
}

template <bool Listens>
result<void> udp_options_of(const std::map<std::string, std::string>& options) {
  auto r = read_udp_options(options, Listens);
  if (!r)
    return std::move(r).error();
  return {};
}

result<void> uds_options(const std::map<std::string, std::string>& options) {
  if (auto it = options.find("mode"); it != options.end())
    if (auto mode = parse_file_mode(it->second); !mode)
      return std::move(mode).error();
  return {};
}

constexpr auto listen_address = &parses<&parse_socket_address>;
constexpr auto peer_address = &parses<&parse_endpoint>;
constexpr auto unix_path = &parses<&parse_unix_path>;
constexpr auto ws_listen_address = &parses<&parse_ws_listen_address>;
constexpr auto ws_peer_address = &parses<&parse_ws_address>;

constexpr std::array<std::string_view, 2> udp_listener_keys{"datagram-size", "worker"};
constexpr std::array<std::string_view, 2> udp_connection_keys{"datagram-size", "keep-alive"};
constexpr std::array<std::string_view, 1> uds_listener_keys{"mode"};
constexpr std::array<std::string_view, 4> ws_listener_keys{"certificate", "key", "ca", "origins"};
constexpr std::array<std::string_view, 3> tls_connection_keys{"certificate", "key", "ca"};

/// `insecure = yes`: may be reached from other hosts, which a caf listener without `ca` trusts without asking.
constexpr std::array<std::string_view, 4> caf_listener_keys{"insecure", "certificate", "key", "ca"};

constexpr std::array<endpoint_section, 10> sections{{
  {"tcp", true, "tcp-listener", "ADDRESS", "127.0.0.1:4000", "listen for other nodes, for example 127.0.0.1:4000", listen_address, {}},
  {"tcp", false, "tcp-connection", "HOST:PORT", "HOST:PORT", "connect to another node", peer_address, {}},
  {"udp", true, "udp-listener", "ADDRESS", "127.0.0.1:4000", "exchange datagrams with anybody, at this address", listen_address, udp_listener_keys, &udp_options_of<true>},
  {"udp", false, "udp-connection", "HOST:PORT", "HOST:PORT", "exchange datagrams with one other node", peer_address, udp_connection_keys, &udp_options_of<false>},
  {"uds", true, "uds-listener", "PATH", "/run/ockam/n1.sock", "listen on a Unix socket for nodes of this host", unix_path, uds_listener_keys, &uds_options},
  {"uds", false, "uds-connection", "PATH", "/run/ockam/n1.sock", "connect to a node's Unix socket", unix_path, {}},
  {"ws", true, "ws-listener", "URL", "ws://127.0.0.1:4000", "listen for WebSockets, for example at ws://127.0.0.1:4000", ws_listen_address, ws_listener_keys},
  {"ws", false, "ws-connection", "URL", "ws://HOST:PORT", "connect to another node by WebSocket, ws:// or wss://", ws_peer_address, tls_connection_keys},
  {"caf", true, "caf-listener", "ADDRESS", "127.0.0.1:4000", "listen for nodes of this implementation over CAF", listen_address, caf_listener_keys},
  {"caf", false, "caf-connection", "HOST:PORT", "HOST:PORT", "connect to a node of this implementation over CAF", peer_address, tls_connection_keys},
}};

} // namespace

std::span<const endpoint_section> endpoint_sections() {
  return sections;
}

} // namespace ockam
