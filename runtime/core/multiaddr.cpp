// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/multiaddr.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/bare.hpp"
#include "runtime/core/endpoint.hpp"
#include "runtime/core/percent_decoded.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/core/unix_path.hpp"
#include "runtime/core/utf8.hpp"
#include "runtime/core/ws_address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <optional>

namespace ockam {

namespace {

using proto = multiaddr_protocol;

struct protocol_name {
  proto code;
  std::string_view name;
};
constexpr std::array<protocol_name, 15> protocols{{{proto::ip4, "ip4"},
                                                   {proto::tcp, "tcp"},
                                                   {proto::ip6, "ip6"},
                                                   {proto::dnsaddr, "dnsaddr"},
                                                   {proto::udp, "udp"},
                                                   {proto::service, "service"},
                                                   {proto::node, "node"},
                                                   {proto::project, "project"},
                                                   {proto::space, "space"},
                                                   {proto::secure, "secure"},
                                                   {proto::worker, "worker"},
                                                   {proto::unix_socket, "unix"},
                                                   {proto::ws, "ws"},
                                                   {proto::wss, "wss"},
                                                   {proto::caf, "caf"}}};

/// How the value of a protocol is written.
enum class value_kind : std::uint8_t { none, ip4, ip6, port, path, text };

constexpr value_kind kind_of(proto p) noexcept {
  switch (p) {
    case proto::ws:
    case proto::wss: return value_kind::none;
    case proto::ip4: return value_kind::ip4;
    case proto::ip6: return value_kind::ip6;
    case proto::tcp:
    case proto::udp:
    case proto::caf: return value_kind::port;
    case proto::unix_socket: return value_kind::path;
    default: return value_kind::text;
  }
}

const std::string example = "for example /node/n1/service/echo or /ip4/127.0.0.1/tcp/4000/service/echo";

std::optional<proto> protocol_of(std::string_view name) {
  for (const auto& p : protocols)
    if (p.name == name)
      return p.code;
  return std::nullopt;
}

error bad_route(std::string cause, std::string hint = example) {
  return {errc::invalid_route, std::move(cause), std::move(hint)};
}

error unknown_protocol(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& p : protocols)
    names.push_back(p.name);
  auto near = nearest(name, names);
  return bad_route("unregistered protocol prefix \"" + printable(name) + "\"", near ? "did you mean /" + *near + "/?" : example);
}

/// The canonical text of an IP literal, or nothing.
std::optional<std::string> canonical_ip(int family, std::string_view text) {
  if (auto scoped = family == AF_INET6 ? split_scope(text) : std::nullopt)
    return *canonical_ip(family, scoped->ip) + "%" + std::string{scoped->interface};
  std::array<std::byte, 16> raw;
  char out[INET6_ADDRSTRLEN];
  if (text.find('\0') != std::string_view::npos || ::inet_pton(family, std::string{text}.c_str(), raw.data()) != 1)
    return std::nullopt;
  return std::string{::inet_ntop(family, raw.data(), out, sizeof(out))};
}

result<std::string> canonical_port(std::string_view value) {
  unsigned port = 0;
  auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), port);
  bool number = !value.empty() && ec != std::errc::invalid_argument && end == value.data() + value.size();
  if (!number)
    return bad_route("\"" + printable(value) + "\" is not a port number");
  if (ec == std::errc::result_out_of_range || port > 65535)
    return bad_route("port " + printable(value) + " is over 65535");
  return std::to_string(port);
}

result<std::string> canonical_path(std::string_view value) {
  auto path = parse_unix_path(value);
  if (!path)
    return bad_route(path.error().cause, "in a route, %2F stands for a slash: /unix/%2Frun%2Fn1.sock");
  if (!is_utf8(value))
    return bad_route("a path in the route is not UTF-8 text");
  return path;
}

/// The canonical value of a part, or why it is none.
result<std::string> canonical(proto p, std::string_view value) {
  switch (kind_of(p)) {
    case value_kind::none: return std::string{};
    case value_kind::ip4:
    case value_kind::ip6: {
      auto text = canonical_ip(p == proto::ip4 ? AF_INET : AF_INET6, value);
      if (!text)
        return bad_route(std::string{p == proto::ip4 ? "invalid IPv4" : "invalid IPv6"} + " address syntax: \"" + printable(value) + "\"");
      return *text;
    }
    case value_kind::port: return canonical_port(value);
    case value_kind::path: return canonical_path(value);
    case value_kind::text: break;
  }
  if (value.size() > max_name_length)
    return bad_route("a name in the route is over " + std::to_string(max_name_length) + " bytes");
  if (!is_utf8(value) || value.find('\0') != std::string_view::npos)
    return bad_route("a name in the route is not UTF-8 text");
  return std::string{value};
}

/// Of a path that stands in a route: `%` and `/` as `%25` and `%2F`.
std::string percent_encoded(std::string_view path) {
  std::string out;
  for (char c : path)
    if (c == '%' || c == '/')
      out += c == '%' ? "%25" : "%2F";
    else
      out += c;
  return out;
}

/// The canonical value of what stands between two slashes.
result<std::string> from_text(proto p, std::string_view value) {
  if (kind_of(p) != value_kind::path)
    return canonical(p, value);
  auto path = percent_decoded(value);
  if (!path)
    return bad_route("\"" + printable(value) + "\": % is followed by two hex digits", "/unix/%2Frun%2Fn1.sock");
  return canonical(p, *path);
}

std::optional<std::span<const std::byte>> take(std::span<const std::byte>& in, std::size_t n) {
  if (in.size() < n)
    return std::nullopt;
  auto out = in.first(n);
  in = in.subspan(n);
  return out;
}

std::optional<std::string> decode_value(proto p, std::span<const std::byte>& in) {
  switch (kind_of(p)) {
    case value_kind::none: return std::string{};
    case value_kind::ip4:
    case value_kind::ip6: {
      auto raw = take(in, p == proto::ip4 ? 4 : 16);
      char text[INET6_ADDRSTRLEN];
      if (!raw)
        return std::nullopt;
      return std::string{::inet_ntop(p == proto::ip4 ? AF_INET : AF_INET6, raw->data(), text, sizeof(text))};
    }
    case value_kind::port: {
      auto raw = take(in, 2);
      if (!raw)
        return std::nullopt;
      return std::to_string(std::to_integer<unsigned>((*raw)[0]) << 8 | std::to_integer<unsigned>((*raw)[1]));
    }
    case value_kind::path:
    case value_kind::text: break;
  }
  auto text = bare::read_string(in);
  // A name with a slash could not be written as text: two different routes would look the same.
  bool slash = text && kind_of(p) == value_kind::text && text->find('/') != std::string_view::npos;
  if (!text || slash || !canonical(p, *text))
    return std::nullopt;
  return std::string{*text};
}

} // namespace

std::string_view to_string(multiaddr_protocol p) noexcept {
  for (const auto& known : protocols)
    if (known.code == p)
      return known.name;
  return "unknown";
}

result<multiaddr> parse_multiaddr(std::string_view text) {
  if (text == "self")
    text = "/secure/api";
  multiaddr out;
  while (!text.empty()) {
    if (text.front() == '/')
      text.remove_prefix(1);
    auto slash = text.find('/');
    auto name = text.substr(0, slash);
    auto p = protocol_of(name);
    if (!p)
      return unknown_protocol(name);
    text = slash == std::string_view::npos ? std::string_view{} : text.substr(slash);
    std::string value;
    if (kind_of(*p) != value_kind::none) {
      if (text.empty())
        return bad_route("/" + std::string{name} + " has no value");
      text.remove_prefix(1);
      auto end = text.find('/');
      auto read = from_text(*p, text.substr(0, end));
      if (!read)
        return std::move(read).error();
      value = std::move(*read);
      text = end == std::string_view::npos ? std::string_view{} : text.substr(end);
    }
    if (out.parts.size() == 2 * max_route_hops)
      return error{errc::too_large, "the route has too many parts", {}};
    out.parts.push_back({*p, std::move(value)});
  }
  return out;
}

std::string to_string(const multiaddr& m) {
  std::string out;
  for (const auto& p : m.parts) {
    out.append("/").append(to_string(p.protocol));
    if (auto kind = kind_of(p.protocol); kind != value_kind::none)
      out.append("/").append(kind == value_kind::path ? percent_encoded(p.value) : p.value);
  }
  return out;
}

std::vector<std::byte> encode(const multiaddr& m) {
  std::vector<std::byte> out;
  for (const auto& p : m.parts) {
    bare::append_uint(out, static_cast<std::uint32_t>(p.protocol));
    switch (kind_of(p.protocol)) {
      case value_kind::none: break;
      case value_kind::ip4:
      case value_kind::ip6: {
        std::array<std::byte, 16> raw;
        auto v4 = p.protocol == proto::ip4;
        // The interface of a link-local address means nothing to whom this is for.
        ::inet_pton(v4 ? AF_INET : AF_INET6, std::string{public_host(p.value)}.c_str(), raw.data());
        out.insert(out.end(), raw.begin(), raw.begin() + (v4 ? 4 : 16));
        break;
      }
      case value_kind::port: {
        auto port = static_cast<unsigned>(std::strtoul(p.value.c_str(), nullptr, 10));
        out.push_back(static_cast<std::byte>(port >> 8));
        out.push_back(static_cast<std::byte>(port));
        break;
      }
      case value_kind::path:
      case value_kind::text: bare::append_string(out, p.value);
    }
  }
  return out;
}

result<multiaddr> decode_multiaddr(std::span<const std::byte> bytes) {
  multiaddr out;
  while (!bytes.empty()) {
    auto code = bare::read_uint(bytes);
    auto known = code && std::any_of(protocols.begin(), protocols.end(), [&](auto& p) { return static_cast<std::uint32_t>(p.code) == *code; });
    if (!known)
      return error{errc::malformed, "a multiaddr has an unknown protocol code", {}};
    if (out.parts.size() == 2 * max_route_hops)
      return error{errc::too_large, "a multiaddr has too many parts", {}};
    auto p = static_cast<proto>(*code);
    auto value = decode_value(p, bytes);
    if (!value)
      return error{errc::malformed, "a multiaddr is cut off or has a bad value", {}};
    out.parts.push_back({p, std::move(*value)});
  }
  return out;
}

namespace {

/// The address of the host at `parts[i]` and what follows it; `i` is then at the last part of that.
result<address> peer_address(const std::vector<multiaddr::part>& parts, std::size_t& i) {
  const auto& host = parts[i];
  if (i + 1 == parts.size() || kind_of(parts[i + 1].protocol) != value_kind::port)
    return bad_route("/" + std::string{to_string(host.protocol)} + "/" + host.value + " is not followed by a port", "for example /ip4/127.0.0.1/tcp/4000");
  const auto& port = parts[++i];
  endpoint at{host.value, static_cast<std::uint16_t>(std::strtoul(port.value.c_str(), nullptr, 10))};
  auto next = i + 1 < parts.size() ? parts[i + 1].protocol : proto::service;
  if (port.protocol == proto::tcp && (next == proto::ws || next == proto::wss)) {
    ++i;
    return address{transport_type::websocket, to_string(ws_address{at, "/", next == proto::wss})};
  }
  auto type = port.protocol == proto::tcp ? transport_type::tcp : port.protocol == proto::udp ? transport_type::udp : transport_type::caf;
  return address{type, to_string(at)};
}

} // namespace

result<route> to_route(const multiaddr& m) {
  route out;
  for (std::size_t i = 0; i < m.parts.size(); ++i) {
    const auto& part = m.parts[i];
    auto shown = to_string(multiaddr{{part}});
    switch (part.protocol) {
      case proto::service:
      case proto::worker: out.emplace_back(part.value); break;
      case proto::unix_socket: out.emplace_back(transport_type::uds, part.value); break;
      case proto::ip4:
      case proto::ip6:
      case proto::dnsaddr: {
        auto peer = peer_address(m.parts, i);
        if (!peer)
          return std::move(peer).error();
        out.push_back(std::move(*peer));
        break;
      }
      case proto::tcp:
      case proto::udp:
      case proto::caf: return bad_route(shown + " has no host in front of it", "for example /ip4/127.0.0.1/tcp/4000");
      case proto::ws:
      case proto::wss: return bad_route(shown + " has no TCP port in front of it", "for example /ip4/127.0.0.1/tcp/4000/ws");
      case proto::node: return error{errc::unsupported, shown + " can only be resolved by the command line", {}};
      default:
        return error{errc::unsupported, "/" + std::string{to_string(part.protocol)} + "/ is not supported by this version", {}};
    }
    if (out.size() > max_route_hops)
      return error{errc::too_large, "a route has at most " + std::to_string(max_route_hops) + " hops", {}};
  }
  return out;
}

} // namespace ockam
