// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/listen_address.hpp"

#include "runtime/core/endpoint.hpp"
#include "runtime/core/ws_address.hpp"

#include <optional>

namespace ockam {

namespace {

/// `[::]` takes IPv4 as well.
bool covers(const std::string& any, const std::string& host) {
  return any == "::" || (any == "0.0.0.0" && host.find(':') == std::string::npos);
}

} // namespace

std::optional<endpoint> place_of(const listener_config& l) {
  if (l.transport == "ws") {
    auto a = parse_ws_listen_address(l.address);
    return a ? std::optional{a->at} : std::nullopt;
  }
  auto at = parse_socket_address(l.address);
  return at ? std::optional{*at} : std::nullopt;
}

bool overlap(const endpoint& l, const endpoint& r) {
  return l.port == r.port && l.port != 0 && (l.host == r.host || covers(l.host, r.host) || covers(r.host, l.host));
}

bool collide(const listener_config& l, const listener_config& r) {
  auto a = place_of(l), b = place_of(r);
  if (!a || !b)
    return l.transport == r.transport && l.address == r.address && !a && !b; // paths
  return (l.transport == "udp") == (r.transport == "udp") && overlap(*a, *b);
}

std::string with_real_port(const std::string& given, const std::string& real) {
  auto got = parse_socket_address(real);
  if (!got)
    if (auto url = parse_ws_listen_address(real))
      got = url->at;
  if (!got)
    return given;
  if (auto at = parse_socket_address(given); at && at->port == 0) {
    at->port = got->port;
    return to_string(*at);
  }
  if (auto url = parse_ws_listen_address(given); url && url->at.port == 0) {
    url->at.port = got->port;
    return to_string(*url);
  }
  return given;
}

} // namespace ockam
