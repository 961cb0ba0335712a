// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/listen_address.hpp"

#include "runtime/core/endpoint.hpp"
#include "runtime/core/ws_address.hpp"

namespace ockam {

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
