// SPDX-License-Identifier: Apache-2.0
// Who may ask the HTTP endpoint for what.
#include "operation/http_access.hpp"

#include "fuzz/targets.hpp"
#include "runtime/core/multiaddr.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

namespace ockam::fuzz {

namespace {

void must(bool condition) {
  if (!condition)
    std::abort();
}

bool has(std::string_view in, std::string_view what) { return in.find(what) != std::string_view::npos; }

} // namespace

/// A `Host`, an `Authorization` and the route of a trace, a line each; the last one has all that is left.
void http_access(bytes in) {
  std::string_view left{reinterpret_cast<const char*>(in.data()), in.size()};
  auto line = [&] {
    auto end = std::min(left.find('\n'), left.size());
    auto out = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    return out;
  };
  auto host = line(), authorization = line();
  std::string route{left};

  if (operation::names_loopback(host)) {
    std::string lower{host};
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    must(lower.find_first_not_of(" \t\r\n") == std::string::npos || has(lower, "localhost") || has(lower, "127.") || has(lower, "::1"));
  }
  constexpr std::string_view one = "0123456789abcdef", other = "fedcba9876543210";
  bool brings_one = operation::brings_token(authorization, one);
  must(!(brings_one && operation::brings_token(authorization, other)));
  must(!brings_one || (authorization.starts_with("Bearer ") && has(authorization, one)) || authorization.starts_with("Basic "));
  if (operation::goes_by_names(route)) {
    auto m = parse_multiaddr(route);
    must(static_cast<bool>(m));
    for (const auto& p : m->parts)
      must(p.protocol != multiaddr_protocol::ip4 && p.protocol != multiaddr_protocol::ip6 && p.protocol != multiaddr_protocol::tcp);
  }
}

} // namespace ockam::fuzz
