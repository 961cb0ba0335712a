// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"
#include "runtime/core/route.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// The protocols of a multiaddr with their codes: those of Ockam (docs/protocol.md, Multiaddrs), and from
/// the table of multiformats `unix`, `ws` and `wss`. `caf` is ours, in that table's range for private use.
enum class multiaddr_protocol : std::uint32_t {
  ip4 = 4,
  tcp = 6,
  ip6 = 41,
  dnsaddr = 56,
  udp = 273,
  unix_socket = 400,
  ws = 477,
  wss = 478,
  service = 62526,
  node = 72526,
  project = 82526,
  space = 92526,
  secure = 99526,
  worker = 102526,
  caf = 0x300000 + 200,
};

/// The name as written: `ip4`, `service`, …
std::string_view to_string(multiaddr_protocol p) noexcept;

/// A route as people write it: `/ip4/127.0.0.1/tcp/4000/service/echo`, `/node/n1/service/hop`.
struct multiaddr {
  /// One `/protocol/value`; `ws` and `wss` have none. The value is kept as text in its canonical form (an IPv6
  /// address compressed, a port without leading zeros), the path of `unix` as it is.
  struct part {
    multiaddr_protocol protocol;
    std::string value;
    friend bool operator==(const part&, const part&) = default;
  };
  std::vector<part> parts;

  friend bool operator==(const multiaddr&, const multiaddr&) = default;
};

/// Reads the text form. A leading `/` is optional; a value ends at the next `/`; `self` alone means
/// `/secure/api`. Errors: `invalid_route`, the cause says what and at which part, the hint names the
/// nearest protocol. Values: ip4/ip6 literals, ports 0 to 65535, names of any UTF-8 text without `/`; of `unix` an
/// absolute path with `%2F` for each slash, `/unix/%2Frun%2Fn1.sock`.
result<multiaddr> parse_multiaddr(std::string_view text);

/// The text form, with a leading `/`. The empty multiaddr is the empty text.
std::string to_string(const multiaddr& m);

/// The binary form: varint code, then the value (none, 4 or 16 bytes, u16 big endian, or varint length and
/// text).
std::vector<std::byte> encode(const multiaddr& m);

/// Reads the binary form, all of `bytes`. Errors: `malformed`, `too_large`.
result<multiaddr> decode_multiaddr(std::span<const std::byte> bytes);

/// The route that a multiaddr stands for: `service`, `worker` → a local address; `ip4|ip6|dnsaddr`
/// followed by `tcp|udp|caf` → one address of that transport type with `host:port` (IPv6 in brackets);
/// `tcp` followed by `ws|wss` → a WebSocket address `ws://host:port`; `unix` → a path of type uds.
/// Any number of transport parts, in any place. Errors: `invalid_route` for a host without a port or
/// the other way round, and `unsupported` for `node` (to be resolved before), `secure`, `project`, `space`.
result<route> to_route(const multiaddr& m);

} // namespace ockam
