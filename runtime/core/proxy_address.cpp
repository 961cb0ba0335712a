// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/proxy_address.hpp"

#include "runtime/core/ip_endpoint.hpp"
#include "runtime/core/percent_decoded.hpp"
#include "runtime/core/url_parts.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace ockam {

namespace {

struct scheme {
  std::string_view begins;
  proxy_address::protocol speaks;
  std::uint16_t port;
};
constexpr std::array<scheme, 3> schemes{{{"http://", proxy_address::protocol::http, 80},
                                         {"socks5://", proxy_address::protocol::socks5, 1080},
                                         {"socks5h://", proxy_address::protocol::socks5, 1080}}};

/// RFC 1929, section 2: a byte has their length.
constexpr std::size_t max_secret = 255;

error wrong(std::string cause) {
  return {errc::invalid_argument, "the proxy " + std::move(cause), "for example http://10.0.0.1:3128 or socks5://user:password@10.0.0.1:1080"};
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::optional<ip_endpoint> read_ip(std::string_view host) {
  bool v6 = host.find(':') != std::string_view::npos;
  return parse_ip_endpoint((v6 ? "[" + std::string{host} + "]" : std::string{host}) + ":0");
}

/// Whether the address is in a network like `10.0.0.0/8`.
bool is_in_network(const ip_endpoint& ip, std::string_view network) {
  auto slash = network.find('/');
  auto base = read_ip(network.substr(0, slash));
  unsigned bits = 0;
  auto digits = network.substr(slash + 1);
  auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (!base || base->v6 != ip.v6 || ec != std::errc{} || end != digits.data() + digits.size() || bits > (ip.v6 ? 128u : 32u))
    return false;
  auto whole = bits / 8;
  unsigned rest = 0xffu << (8 - bits % 8) & 0xff;
  return std::equal(ip.ip.begin(), ip.ip.begin() + whole, base->ip.begin())
         && (bits % 8 == 0 || ((ip.ip[whole] ^ base->ip[whole]) & rest) == 0);
}

/// Whether an entry of `no_proxy` is about this host.
bool is_about(std::string_view entry, const endpoint& to) {
  if (entry == "*")
    return true;
  auto host = lower(public_host(to.host));
  if (entry.find('/') != std::string_view::npos) {
    auto ip = read_ip(host);
    return ip && is_in_network(*ip, entry);
  }
  auto name = lower(entry);
  if (auto given = parse_endpoint(name); given && !lacks_port(name) && name.find(':') != 0) {
    if (given->port != to.port)
      return false;
    name = given->host;
  } else if (name.starts_with('[') && name.ends_with(']')) {
    name = name.substr(1, name.size() - 2);
  }
  if (auto ip = read_ip(name))
    return read_ip(host) == ip;
  while (name.starts_with('.') || name.starts_with('*'))
    name.erase(0, 1);
  return !name.empty() && host.ends_with(name) && (host.size() == name.size() || host[host.size() - name.size() - 1] == '.');
}

bool goes_direct(std::string_view no_proxy, const endpoint& to) {
  while (!no_proxy.empty()) {
    auto comma = no_proxy.find(',');
    auto entry = no_proxy.substr(0, comma);
    no_proxy = comma == std::string_view::npos ? std::string_view{} : no_proxy.substr(comma + 1);
    auto begin = entry.find_first_not_of(" \t");
    if (begin != std::string_view::npos && is_about(entry.substr(begin, entry.find_last_not_of(" \t") + 1 - begin), to))
      return true;
  }
  return false;
}

} // namespace

std::string to_string(const proxy_address& p) {
  return (p.speaks == proxy_address::protocol::http ? "http://" : "socks5://") + to_string(p.at);
}

result<proxy_address> parse_proxy(std::string_view text) {
  auto s = std::find_if(schemes.begin(), schemes.end(), [&](auto& each) { return text.starts_with(each.begins); });
  if (s == schemes.end())
    return wrong("begins with neither http:// nor socks5://");
  text.remove_prefix(s->begins.size());
  proxy_address p;
  p.speaks = s->speaks;
  // The last one: what is in front of it is never taken for a host, and shown.
  if (auto end = text.rfind('@'); end != std::string_view::npos) {
    auto who = text.substr(0, end);
    text.remove_prefix(end + 1);
    auto colon = who.find(':');
    auto user = percent_decoded(who.substr(0, colon));
    auto password = percent_decoded(colon == std::string_view::npos ? std::string_view{} : who.substr(colon + 1));
    if (!user || !password)
      return wrong("has a user or password in which % is not followed by two hex digits");
    if (user->empty() || user->size() > max_secret || password->size() > max_secret)
      return wrong("has a user or password that is empty or over 255 bytes");
    p.user = std::move(*user);
    p.password = std::move(*password);
  }
  if (text.ends_with('/'))
    text.remove_suffix(1);
  std::string authority{text};
  if (!authority.empty() && lacks_port(authority))
    authority += ":" + std::to_string(s->port);
  auto at = authority.empty() || authority.starts_with(':') ? result<endpoint>{error{}} : parse_endpoint(authority);
  if (!at || at->port == 0)
    return wrong("has no HOST:PORT behind its scheme and user");
  p.at = std::move(*at);
  return p;
}

result<void> check_proxy(const std::string& text) {
  if (text == "none" || text == "environment")
    return {};
  auto p = parse_proxy(text);
  if (p)
    return {};
  auto e = std::move(p).error();
  e.hint += "; none, or environment for that of the environment variables";
  return e;
}

result<std::optional<proxy_address>> proxy_of_environment(const endpoint& to, environment_reader read) {
  for (auto* name : {"no_proxy", "NO_PROXY"})
    if (const auto* text = read(name); text && goes_direct(text, to))
      return std::optional<proxy_address>{};
  for (auto* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const auto* text = read(name);
    if (!text || *text == '\0')
      continue;
    auto p = parse_proxy(std::string_view{text}.find("://") == std::string_view::npos ? "http://" + std::string{text} : text);
    if (p)
      return std::optional{std::move(*p)};
    auto e = std::move(p).error();
    e.cause = std::string{name} + " of the environment: " + e.cause;
    return e;
  }
  return std::optional<proxy_address>{};
}

} // namespace ockam
