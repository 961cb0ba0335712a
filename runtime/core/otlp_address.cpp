// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/otlp_address.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/url_parts.hpp"

#include <algorithm>

namespace ockam {

namespace {

constexpr std::string_view plain = "http://", secure = "https://";
constexpr std::string_view usual_port = "4318", usual_path = "/v1/traces"; // of OTLP/HTTP and its traces

error wrong(std::string_view text, const std::string& why) {
  return {errc::invalid_address, "\"" + printable(text) + "\" is not the address of a collector: " + why,
          "for example http://127.0.0.1:4318/v1/traces"};
}

} // namespace

result<otlp_address> parse_otlp_address(std::string_view text) {
  otlp_address out;
  out.tls = text.starts_with(secure);
  if (!out.tls && !text.starts_with(plain))
    return wrong(text, "it begins with neither http:// nor https://");
  auto rest = text.substr(out.tls ? secure.size() : plain.size());
  auto slash = std::min(rest.find('/'), rest.size());
  out.path = rest.substr(slash);
  if (out.path.empty() || out.path == "/")
    out.path = usual_path;
  if (!is_url_target(out.path))
    return wrong(text, "its path has characters that a URL has not, or over 1024 of them");
  std::string authority{rest.substr(0, slash)};
  if (authority.find('@') != std::string::npos)
    return wrong(text, "it names a user");
  if (authority.empty() || authority.starts_with(':'))
    return wrong(text, "it names no host");
  if (lacks_port(authority))
    authority.append(":").append(usual_port);
  auto at = parse_endpoint(authority);
  if (!at)
    return wrong(text, at.error().cause);
  if (at->port == 0)
    return wrong(text, "it has port 0");
  out.at = std::move(*at);
  return out;
}

std::string to_string(const otlp_address& a) {
  return std::string{a.tls ? secure : plain} + to_string(a.at) + a.path;
}

} // namespace ockam
