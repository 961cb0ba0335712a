// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/endpoint.hpp"

#include "runtime/core/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <optional>

namespace ockam {

namespace {

constexpr std::size_t max_host = 253;  // RFC 1035, section 2.3.4, as text
constexpr std::size_t max_label = 63;

bool is_literal(int family, std::string_view host) {
  if (host.find('\0') != std::string_view::npos)
    return false; // where inet_pton would stop reading
  std::string text{host};
  in6_addr scratch;
  return ::inet_pton(family, text.c_str(), &scratch) == 1;
}

std::optional<std::uint16_t> port_of(std::string_view digits) {
  unsigned value = 0;
  auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (ec != std::errc{} || digits.empty() || end != digits.data() + digits.size() || value > 65535)
    return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

/// Why a host name is not one; empty when it is.
std::string name_problem(std::string_view host) {
  if (host.empty())
    return "the host is empty";
  if (host.size() > max_host)
    return "the host is over 253 characters";
  while (true) {
    auto dot = host.find('.');
    auto label = host.substr(0, dot);
    if (label.empty() || label.size() > max_label)
      return "a part of the host between dots has to have 1 to 63 characters";
    if (label.front() == '-' || label.back() == '-')
      return "a part of the host begins or ends with -";
    auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    if (!std::all_of(label.begin(), label.end(), allowed))
      return "the host has a character other than letters, digits, - and _";
    if (dot == std::string_view::npos)
      return {};
    host.remove_prefix(dot + 1);
  }
}

struct split {
  std::string_view host;
  std::string_view port;
  bool bracketed = false;
};

/// `[host]:port` or `host:port`, at the last colon.
std::optional<split> split_host_port(std::string_view text) {
  if (text.starts_with('[')) {
    auto close = text.find("]:");
    if (close == std::string_view::npos)
      return std::nullopt;
    return split{text.substr(1, close - 1), text.substr(close + 2), true};
  }
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  return split{text.substr(0, colon), text.substr(colon + 1)};
}

error invalid(std::string_view text, const std::string& why, std::string hint) {
  return {errc::invalid_address, "\"" + printable(text) + "\" is not a socket address: " + why, std::move(hint)};
}

} // namespace

std::string to_string(const endpoint& e) {
  bool v6 = e.host.find(':') != std::string::npos;
  return (v6 ? "[" + e.host + "]" : e.host) + ":" + std::to_string(e.port);
}

bool is_ip_literal(std::string_view host) {
  return is_literal(AF_INET, host) || is_literal(AF_INET6, host);
}

result<endpoint> parse_endpoint(std::string_view text) {
  const std::string form = "for example 127.0.0.1:4000, [::1]:4000 or example.org:4000";
  auto digits = text.starts_with(':') ? text.substr(1) : text;
  if (auto port = port_of(digits))
    return endpoint{"127.0.0.1", *port};
  auto parts = split_host_port(text);
  if (!parts)
    return invalid(text, "expected host:port", form);
  auto port = port_of(parts->port);
  if (!port)
    return invalid(text, "\"" + printable(parts->port) + "\" is not a port from 0 to 65535", form);
  if (parts->bracketed ? is_literal(AF_INET6, parts->host) : is_literal(AF_INET, parts->host))
    return endpoint{std::string{parts->host}, *port};
  if (!parts->bracketed && is_literal(AF_INET6, parts->host))
    return invalid(text, "an IPv6 address stands in brackets", "[" + std::string{parts->host} + "]:" + std::to_string(*port));
  if (auto why = name_problem(parts->host); parts->bracketed || !why.empty())
    return invalid(text, parts->bracketed ? "what is in brackets is no IPv6 address" : why, form);
  return endpoint{std::string{parts->host}, *port};
}

result<endpoint> parse_socket_address(std::string_view text) {
  if (auto port = port_of(text.starts_with(':') ? text.substr(1) : text))
    return invalid(text, "the address to listen on is missing", "127.0.0.1:" + std::to_string(*port));
  auto e = parse_endpoint(text);
  if (!e)
    return e;
  if (!is_ip_literal(e->host))
    return invalid(text, "to listen takes an IP address, not a name", e->host == "localhost" ? "127.0.0.1:" + std::to_string(e->port) : "for example 127.0.0.1:4000 or 0.0.0.0:4000");
  return e;
}

} // namespace ockam
