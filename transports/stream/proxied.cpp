// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/proxied.hpp"

#include "runtime/net/proxy_connect.hpp"
#include "transports/stream/proxy_key.hpp"

#include <cstdlib>

namespace ockam {

namespace {

result<std::optional<proxy_address>> proxy_to(const endpoint& to, const option_values& keys) {
  auto text = keys.get<std::string>(proxy_keys.front().name);
  if (text == "environment")
    return proxy_of_environment(to, [](const char* name) -> const char* { return std::getenv(name); });
  if (text.empty() || text == "none")
    return std::optional<proxy_address>{};
  auto p = parse_proxy(text);
  if (!p)
    return std::move(p).error();
  return std::optional{std::move(*p)};
}

} // namespace

result<decltype(stream_peer::connect)> connector_by_proxy(const endpoint& to, const option_values& keys) {
  auto by = proxy_to(to, keys);
  if (!by)
    return std::move(by).error();
  return decltype(stream_peer::connect){
    [to, by = *std::move(by)](net::reactor& r, std::chrono::milliseconds timeout, net::reactor::connected done) -> net::connecting_ptr {
      if (by)
        return std::make_unique<proxy_connect>(r, *by, to, timeout, std::move(done));
      return r.connect(to, timeout, std::move(done));
    }};
}

} // namespace ockam
