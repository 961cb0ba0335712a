// SPDX-License-Identifier: Apache-2.0
#include "cli/node/endpoint_sections.hpp"

#include "runtime/core/endpoint.hpp"

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

constexpr auto listen_address = &parses<&parse_socket_address>;
constexpr auto peer_address = &parses<&parse_endpoint>;

constexpr std::array<endpoint_section, 4> sections{{
  {"tcp", true, "tcp-listener", "ADDRESS", "127.0.0.1:4000", "listen for other nodes, for example 127.0.0.1:4000", listen_address, {}},
  {"tcp", false, "tcp-connection", "HOST:PORT", "HOST:PORT", "connect to another node", peer_address, {}},
  {"caf", true, "caf-listener", "ADDRESS", "127.0.0.1:4000", "listen for nodes of this make over CAF", listen_address, {}},
  {"caf", false, "caf-connection", "HOST:PORT", "HOST:PORT", "connect to a node of this make over CAF", peer_address, {}},
}};

} // namespace

std::span<const endpoint_section> endpoint_sections() {
  return sections;
}

} // namespace ockam
