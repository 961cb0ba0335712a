// SPDX-License-Identifier: Apache-2.0
#include "operation/http_access.hpp"

#include "operation/http_keys.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/multiaddr.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <vector>

namespace ockam::operation {

namespace {

constexpr std::size_t least_token = 16, longest_header = 4096;

std::string_view trimmed(std::string_view s) {
  constexpr std::string_view blanks = " \t\r\n";
  auto from = s.find_first_not_of(blanks);
  return from == std::string_view::npos ? std::string_view{} : s.substr(from, s.find_last_not_of(blanks) - from + 1);
}

bool is_equal(std::string_view l, std::string_view r) {
  return l.size() == r.size() && CRYPTO_memcmp(l.data(), r.data(), l.size()) == 0;
}

/// Base64 (RFC 4648); empty for what is none.
std::string decoded(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > longest_header)
    return {};
  std::vector<unsigned char> out(text.size() / 4 * 3);
  auto n = EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (n < 0)
    return {};
  auto size = static_cast<std::size_t>(n) - (text.ends_with("==") ? 2u : text.ends_with('=') ? 1u : 0u);
  return {reinterpret_cast<const char*>(out.data()), size};
}

} // namespace

bool names_loopback(std::string_view header) {
  header = trimmed(header);
  if (header.empty())
    return true;
  auto host = header.starts_with('[') ? header.substr(1, header.find(']') - 1) : header.substr(0, header.find(':'));
  return is_loopback(host) || is_localhost(host);
}

result<std::string> read_token(const std::string& path) {
  std::ifstream in{path};
  std::string line;
  if (!in || !std::getline(in, line))
    return error{errc::io_failure, printable(path) + ": the token cannot be read", "make one with: openssl rand -hex 16 > " + printable(path)};
  auto token = trimmed(line);
  if (token.size() < least_token)
    return error{errc::invalid_argument, printable(path) + ": a token of " + std::to_string(token.size()) + " characters can be guessed",
                 "make one with: openssl rand -hex 16 > " + printable(path)};
  return std::string{token};
}

bool brings_token(std::string_view authorization, std::string_view token) {
  constexpr std::string_view bearer = "Bearer ", basic = "Basic ";
  if (authorization.starts_with(bearer))
    return is_equal(trimmed(authorization.substr(bearer.size())), token);
  if (!authorization.starts_with(basic))
    return false;
  auto pair = decoded(trimmed(authorization.substr(basic.size())));
  auto colon = pair.find(':');
  return colon != std::string::npos && is_equal(std::string_view{pair}.substr(colon + 1), token);
}

bool goes_by_names(const std::string& route) {
  auto m = parse_multiaddr(route);
  return m && std::all_of(m->parts.begin(), m->parts.end(), [](auto& p) {
           return p.protocol == multiaddr_protocol::service || p.protocol == multiaddr_protocol::worker || p.protocol == multiaddr_protocol::secure;
         });
}

} // namespace ockam::operation
