// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/ip_endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <net/if.h>
#include <random>

namespace ockam {

namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

template <class Number>
bool read_number(std::string_view digits, Number& out) {
  auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return !digits.empty() && ec == std::errc{} && end == digits.data() + digits.size();
}

void append_number(std::string& out, unsigned n) {
  std::array<char, 10> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr);
}

/// As `inet_pton` reads it: four numbers up to 255 without leading zeros. Twice for every message of a
/// listener, so not with its detours.
bool read_v4(std::string_view text, std::uint8_t* out) {
  const auto* at = text.data();
  const auto* end = at + text.size();
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && (at == end || *at++ != '.'))
      return false;
    auto [next, ec] = std::from_chars(at, end, out[i]);
    if (ec != std::errc{} || next == at || (*at == '0' && next != at + 1))
      return false;
    at = next;
  }
  return at == end;
}

/// An interface by its number or its name.
bool read_scope(std::string_view text, std::uint32_t& out) {
  if (read_number(text, out))
    return true;
  std::array<char, IF_NAMESIZE> name{}; // terminated; longer text is no name
  if (text.size() >= name.size())
    return false;
  std::memcpy(name.data(), text.data(), text.size());
  out = ::if_nametoindex(name.data());
  return out != 0;
}

bool read_v6(std::string_view host, ip_endpoint& e) {
  auto percent = host.find('%');
  if (percent != std::string_view::npos && !read_scope(host.substr(percent + 1), e.scope))
    return false;
  std::array<char, INET6_ADDRSTRLEN> buffer{}; // inet_pton wants a terminated string; longer text is no address
  host = host.substr(0, percent);
  if (host.size() >= buffer.size())
    return false;
  std::memcpy(buffer.data(), host.data(), host.size());
  if (::inet_pton(AF_INET6, buffer.data(), e.ip.data()) != 1)
    return false;
  e.v6 = true;
  if (std::memcmp(e.ip.data(), mapped_prefix.data(), mapped_prefix.size()) == 0) {
    std::array<std::uint8_t, 16> plain{};
    std::memcpy(plain.data(), e.ip.data() + mapped_prefix.size(), 4);
    e.ip = plain;
    e.v6 = false;
  }
  return true;
}

std::uint64_t mix(std::uint64_t x) noexcept { // the finaliser of splitmix64
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

} // namespace

std::string to_string(const ip_endpoint& e) {
  std::string out;
  if (!e.v6) {
    for (std::size_t i = 0; i < 4; ++i) {
      append_number(out, e.ip[i]);
      out += i < 3 ? '.' : ':';
    }
    append_number(out, e.port);
    return out;
  }
  char host[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET6, e.ip.data(), host, sizeof(host));
  out.append("[").append(host);
  if (e.scope != 0) {
    char name[IF_NAMESIZE] = {};
    out.append("%").append(::if_indextoname(e.scope, name) ? name : std::to_string(e.scope));
  }
  return out.append("]:").append(std::to_string(e.port));
}

std::optional<ip_endpoint> parse_ip_endpoint(std::string_view text) {
  ip_endpoint e;
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos || !read_number(text.substr(colon + 1), e.port))
    return std::nullopt;
  auto host = text.substr(0, colon);
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  bool ok = bracketed ? read_v6(host.substr(1, host.size() - 2), e) : read_v4(host, e.ip.data());
  return ok ? std::optional{e} : std::nullopt;
}

ip_endpoint host_of(ip_endpoint e) noexcept {
  constexpr std::size_t network_bytes = 8;
  e.port = 0;
  if (e.v6)
    std::fill(e.ip.begin() + network_bytes, e.ip.end(), std::uint8_t{0});
  return e;
}

std::size_t ip_endpoint_hash::operator()(const ip_endpoint& e) const noexcept {
  static const std::uint64_t seed = std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();
  std::uint64_t high = 0, low = 0;
  std::memcpy(&high, e.ip.data(), sizeof(high));
  std::memcpy(&low, e.ip.data() + sizeof(high), sizeof(low));
  auto rest = std::uint64_t{e.scope} << 17 | std::uint64_t{e.v6} << 16 | e.port;
  return mix(mix(mix(seed ^ high) ^ low) ^ rest);
}

} // namespace ockam
