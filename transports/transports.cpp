// SPDX-License-Identifier: Apache-2.0
#include "transports/transports.hpp"

#include "transports/list.hpp"

#include <algorithm>
#include <array>

namespace ockam {

namespace {

using endpoint_check = result<void> (*)(const std::string& address, const option_texts& options);

struct endpoint_checks {
  std::string_view transport;
  endpoint_check listener;
  endpoint_check connection;
};

template <class List>
struct made_of;
template <class... Each>
struct made_of<transport_entries<Each...>> {
  static constexpr std::array<transport_factory, sizeof...(Each)> factories{&Each::make...};
  static constexpr std::array<endpoint_checks, sizeof...(Each)> checks{
    endpoint_checks{Each::descriptor.name, &Each::check_listener, &Each::check_connection}...};
};

result<void> check(const std::string& transport, const char* what, const std::string& name,
                   endpoint_check endpoint_checks::*which, const std::string& address, const option_texts& options) {
  constexpr auto& all = made_of<transport_list>::checks;
  auto it = std::find_if(all.begin(), all.end(), [&](auto& c) { return c.transport == transport; });
  if (it == all.end())
    return {};
  auto ok = (*it.*which)(address, options);
  if (ok)
    return ok;
  auto e = std::move(ok).error();
  e.cause = "[" + transport + "-" + what + " " + name + "]: " + e.cause;
  return e;
}

} // namespace

std::span<const transport_factory> all_transports() {
  return made_of<transport_list>::factories;
}

result<void> check_endpoint(const listener_config& l) {
  return check(l.transport, "listener", l.name, &endpoint_checks::listener, l.address, l.options);
}

result<void> check_endpoint(const connection_config& c) {
  return check(c.transport, "connection", c.name, &endpoint_checks::connection, c.address, c.options);
}

} // namespace ockam
