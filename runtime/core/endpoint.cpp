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

std::optional<in6_addr> read_literal(int family, std::string_view host) {
  if (host.find('\0') != std::string_view::npos)
    return std::nullopt; // where inet_pton would stop reading
  std::string text{host};
  in6_addr out;
  return ::inet_pton(family, text.c_str(), &out) == 1 ? std::optional{out} : std::nullopt;
}

bool is_literal(int family, std::string_view host) {
  return read_literal(family, host) || (family == AF_INET6 && split_scope(host));
}

bool is_link_local(std::string_view ip) {
  auto a = read_literal(AF_INET6, ip);
  return a && IN6_IS_ADDR_LINKLOCAL(&*a);
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
  if (host.ends_with('.'))
    host.remove_suffix(1);
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

bool is_localhost(std::string_view host) {
  constexpr std::string_view name = "localhost";
  host = public_host(host);
  if (host.size() < name.size())
    return false;
  auto end = host.substr(host.size() - name.size());
  auto same = [](char l, char r) { return (l >= 'A' && l <= 'Z' ? l - 'A' + 'a' : l) == r; };
  return std::equal(end.begin(), end.end(), name.begin(), same) && (end.size() == host.size() || host[host.size() - name.size() - 1] == '.');
}

std::string_view public_host(std::string_view host) {
  host = host.substr(0, host.find('%'));
  if (host.ends_with('.'))
    host.remove_suffix(1);
  return host;
}

std::optional<scoped_host> split_scope(std::string_view host) {
  constexpr std::size_t max_interface = 15; // IF_NAMESIZE with the zero behind it
  auto percent = host.find('%');
  if (percent == std::string_view::npos)
    return std::nullopt;
  scoped_host s{host.substr(0, percent), host.substr(percent + 1)};
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  bool named = !s.interface.empty() && s.interface.size() <= max_interface && std::all_of(s.interface.begin(), s.interface.end(), allowed);
  return named && is_link_local(s.ip) ? std::optional{s} : std::nullopt;
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
  if (parts->bracketed && is_link_local(parts->host))
    return invalid(text, "a link-local address also says on which interface", "[" + std::string{parts->host} + "%eth0]:" + std::to_string(*port));
  if (parts->bracketed ? is_literal(AF_INET6, parts->host) : is_literal(AF_INET, parts->host))
    return endpoint{std::string{parts->host}, *port};
  if (!parts->bracketed && is_literal(AF_INET6, parts->host))
    return invalid(text, "an IPv6 address stands in brackets", "[" + std::string{parts->host} + "]:" + std::to_string(*port));
  if (parts->bracketed)
    return parts->host.find('%') == std::string_view::npos
             ? invalid(text, "what is in brackets is no IPv6 address", form)
             : invalid(text, "what is in brackets is no link-local IPv6 address with an interface", "for example [fe80::1%eth0]:4000");
  if (auto why = name_problem(parts->host); !why.empty())
    return invalid(text, why, form);
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
