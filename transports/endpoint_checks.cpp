// SPDX-License-Identifier: Apache-2.0
#include "transports/endpoint_checks.hpp"

#include "transports/caf/caf_options.hpp"
#include "transports/ws/ws_options.hpp"

namespace ockam {

namespace {

template <class Settings>
result<void> outcome(const char* what, const std::string& transport, const std::string& name, result<Settings> read) {
  if (read)
    return {};
  auto e = std::move(read).error();
  e.cause = "[" + transport + "-" + what + " " + name + "]: " + e.cause;
  return e;
}

} // namespace

result<void> check_endpoint(const listener_config& l) {
  if (l.transport == "ws")
    return outcome("listener", l.transport, l.name, read_ws_listener(l.address, l.options));
  if (l.transport == "caf")
    return outcome("listener", l.transport, l.name, read_caf_listener(l.address, l.options));
  return {};
}

result<void> check_endpoint(const connection_config& c) {
  if (c.transport == "ws")
    return outcome("connection", c.transport, c.name, read_ws_connection(c.address, c.options));
  if (c.transport == "caf")
    return outcome("connection", c.transport, c.name, read_caf_connection(c.address, c.options));
  return {};
}

} // namespace ockam
