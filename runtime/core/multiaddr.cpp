// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/multiaddr.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/bare.hpp"
#include "runtime/core/endpoint.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/core/utf8.hpp"

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
constexpr std::array<protocol_name, 11> protocols{{{proto::ip4, "ip4"},
                                                   {proto::tcp, "tcp"},
                                                   {proto::ip6, "ip6"},
                                                   {proto::dnsaddr, "dnsaddr"},
                                                   {proto::udp, "udp"},
                                                   {proto::service, "service"},
                                                   {proto::node, "node"},
                                                   {proto::project, "project"},
                                                   {proto::space, "space"},
                                                   {proto::secure, "secure"},
                                                   {proto::worker, "worker"}}};

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
  std::array<std::byte, 16> raw;
  char out[INET6_ADDRSTRLEN];
  if (text.find('\0') != std::string_view::npos || ::inet_pton(family, std::string{text}.c_str(), raw.data()) != 1)
    return std::nullopt;
  return std::string{::inet_ntop(family, raw.data(), out, sizeof(out))};
}

/// The canonical value of a part, or why it is none.
result<std::string> canonical(proto p, std::string_view value) {
  auto shown = "\"" + printable(value) + "\"";
  switch (p) {
    case proto::ip4:
    case proto::ip6: {
      auto text = canonical_ip(p == proto::ip4 ? AF_INET : AF_INET6, value);
      if (!text)
        return bad_route(std::string{p == proto::ip4 ? "invalid IPv4" : "invalid IPv6"} + " address syntax: " + shown);
      return *text;
    }
    case proto::tcp:
    case proto::udp: {
      unsigned port = 0;
      auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), port);
      bool number = !value.empty() && ec != std::errc::invalid_argument && end == value.data() + value.size();
      if (!number)
        return bad_route(shown + " is not a port number");
      if (ec == std::errc::result_out_of_range || port > 65535)
        return bad_route("port " + printable(value) + " is over 65535");
      return std::to_string(port);
    }
    default:
      if (value.size() > max_name_length)
        return bad_route("a name in the route is over " + std::to_string(max_name_length) + " bytes");
      if (!is_utf8(value) || value.find('\0') != std::string_view::npos)
        return bad_route("a name in the route is not UTF-8 text");
      return std::string{value};
  }
}

std::optional<std::span<const std::byte>> take(std::span<const std::byte>& in, std::size_t n) {
  if (in.size() < n)
    return std::nullopt;
  auto out = in.first(n);
  in = in.subspan(n);
  return out;
}

std::optional<std::string> decode_value(proto p, std::span<const std::byte>& in) {
  switch (p) {
    case proto::ip4:
    case proto::ip6: {
      auto raw = take(in, p == proto::ip4 ? 4 : 16);
      char text[INET6_ADDRSTRLEN];
      if (!raw)
        return std::nullopt;
      return std::string{::inet_ntop(p == proto::ip4 ? AF_INET : AF_INET6, raw->data(), text, sizeof(text))};
    }
    case proto::tcp:
    case proto::udp: {
      auto raw = take(in, 2);
      if (!raw)
        return std::nullopt;
      return std::to_string(std::to_integer<unsigned>((*raw)[0]) << 8 | std::to_integer<unsigned>((*raw)[1]));
    }
    default: {
      auto text = bare::read_string(in);
      // A name with a slash could not be written as text: two different routes would look the same.
      if (!text || text->find('/') != std::string_view::npos || !canonical(p, *text))
        return std::nullopt;
      return std::string{*text};
    }
  }
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
    if (slash == std::string_view::npos)
      return bad_route("/" + std::string{name} + " has no value");
    text.remove_prefix(slash + 1);
    auto end = text.find('/');
    auto value = canonical(*p, text.substr(0, end));
    if (!value)
      return std::move(value).error();
    if (out.parts.size() == 2 * max_route_hops)
      return error{errc::too_large, "the route has too many parts", {}};
    out.parts.push_back({*p, std::move(*value)});
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end);
  }
  return out;
}

std::string to_string(const multiaddr& m) {
  std::string out;
  for (const auto& p : m.parts)
    out.append("/").append(to_string(p.protocol)).append("/").append(p.value);
  return out;
}

std::vector<std::byte> encode(const multiaddr& m) {
  std::vector<std::byte> out;
  for (const auto& p : m.parts) {
    bare::append_uint(out, static_cast<std::uint32_t>(p.protocol));
    switch (p.protocol) {
      case proto::ip4:
      case proto::ip6: {
        std::array<std::byte, 16> raw;
        auto v4 = p.protocol == proto::ip4;
        ::inet_pton(v4 ? AF_INET : AF_INET6, p.value.c_str(), raw.data());
        out.insert(out.end(), raw.begin(), raw.begin() + (v4 ? 4 : 16));
        break;
      }
      case proto::tcp:
      case proto::udp: {
        auto port = static_cast<unsigned>(std::strtoul(p.value.c_str(), nullptr, 10));
        out.push_back(static_cast<std::byte>(port >> 8));
        out.push_back(static_cast<std::byte>(port));
        break;
      }
      default: bare::append_string(out, p.value);
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

result<route> to_route(const multiaddr& m) {
  route out;
  for (std::size_t i = 0; i < m.parts.size(); ++i) {
    const auto& part = m.parts[i];
    switch (part.protocol) {
      case proto::service:
      case proto::worker: out.emplace_back(part.value); break;
      case proto::ip4:
      case proto::ip6:
      case proto::dnsaddr: {
        if (i + 1 == m.parts.size() || (m.parts[i + 1].protocol != proto::tcp && m.parts[i + 1].protocol != proto::udp))
          return bad_route("/" + std::string{to_string(part.protocol)} + "/" + part.value + " is not followed by a port", "for example /ip4/127.0.0.1/tcp/4000");
        const auto& port = m.parts[++i];
        endpoint e{part.value, static_cast<std::uint16_t>(std::strtoul(port.value.c_str(), nullptr, 10))};
        out.emplace_back(port.protocol == proto::tcp ? transport_type::tcp : transport_type::udp, to_string(e));
        break;
      }
      case proto::tcp:
      case proto::udp: return bad_route("/" + std::string{to_string(part.protocol)} + "/" + part.value + " has no host in front of it", "for example /ip4/127.0.0.1/tcp/4000");
      case proto::node:
        return error{errc::unsupported, "/node/" + part.value + " can only be resolved by the command line", {}};
      default:
        return error{errc::unsupported, "/" + std::string{to_string(part.protocol)} + "/ is not supported by this version", {}};
    }
    if (out.size() > max_route_hops)
      return error{errc::too_large, "a route has at most " + std::to_string(max_route_hops) + " hops", {}};
  }
  return out;
}

} // namespace ockam
