// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/ws_address.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/url_parts.hpp"

#include <algorithm>

namespace ockam {

namespace {

constexpr std::string_view url_percent = "%25";

template <class Parse>
result<ws_address> parse(std::string_view text, Parse parse_authority) {
  ws_address a;
  auto rest = text;
  bool url = text.find("://") != std::string_view::npos;
  if (url) {
    a.tls = text.starts_with("wss://");
    if (!a.tls && !text.starts_with("ws://"))
      return error{errc::invalid_address, "\"" + printable(text) + "\" is not a WebSocket address: it begins with neither ws:// nor wss://",
                   "for example ws://127.0.0.1:4000 or wss://example.org:443/ockam"};
    rest.remove_prefix(a.tls ? 6 : 5);
    auto end = rest.find_first_of("/?");
    if (end != std::string_view::npos) {
      a.target = rest.substr(end);
      if (a.target.front() == '?')
        a.target.insert(0, "/");
      rest = rest.substr(0, end);
    }
    if (!is_url_target(a.target))
      return error{errc::invalid_address, "\"" + printable(text) + "\" is not a WebSocket address: the path has characters that a URL has not, or over 1024 of them", {}};
  }
  std::string authority{rest};
  if (auto percent = authority.find(url_percent); url && percent != std::string::npos && authority.starts_with('['))
    authority.replace(percent, url_percent.size(), "%");
  if (url && !authority.empty() && lacks_port(authority))
    authority += a.tls ? ":443" : ":80";
  auto at = parse_authority(authority);
  if (!at)
    return std::move(at).error();
  a.at = std::move(*at);
  return a;
}

} // namespace

std::string to_string(const ws_address& a) {
  auto authority = to_string(a.at);
  if (auto percent = authority.find('%'); percent != std::string::npos)
    authority.replace(percent, 1, url_percent);
  return (a.tls ? "wss://" : "ws://") + authority + (a.target == "/" ? std::string{} : a.target);
}

result<ws_address> parse_ws_address(std::string_view text) {
  return parse(text, &parse_endpoint);
}

result<void> check_http_value(const std::string& text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }))
    return {};
  return error{errc::invalid_argument, "it has characters that a line of HTTP has not", "for example session=4711; path=a"};
}

result<ws_address> parse_ws_listen_address(std::string_view text) {
  return parse(text, &parse_socket_address);
}

} // namespace ockam
