// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_options.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/units.hpp"
#include "transports/stream/stream_kind.hpp"
#include "transports/udp/udp_codec.hpp"

namespace ockam {

namespace {

constexpr std::chrono::seconds least_keep_alive{1};

} // namespace

result<udp_options> read_udp_options(const std::map<std::string, std::string>& keys, bool listens) {
  auto known = listens ? check_options(keys, {"datagram-size", "worker"})
                       : check_options(keys, {"datagram-size", "keep-alive"});
  if (!known)
    return std::move(known).error();
  udp_options o;
  if (auto it = keys.find("worker"); it != keys.end()) {
    if (it->second.empty() || it->second.size() > max_name_length)
      return error{errc::invalid_argument, "worker: the name has 1 to 1024 bytes", {}};
    o.worker = it->second;
  }
  if (auto it = keys.find("datagram-size"); it != keys.end()) {
    auto n = parse_size(it->second);
    if (!n || *n < udp_codec::least_datagram || *n > udp_codec::most_datagram)
      return error{errc::invalid_argument, "datagram-size: " + printable(it->second) + " is not between 64 and 65507 bytes",
                   "508 is what a real Ockam node uses"};
    o.datagram_size = static_cast<std::size_t>(*n);
  }
  if (auto it = keys.find("keep-alive"); it != keys.end() && it->second != "off") {
    auto d = parse_duration(it->second);
    if (!d || *d < least_keep_alive || *d > std::chrono::hours{24})
      return error{errc::invalid_argument, "keep-alive: " + printable(it->second) + " is neither off nor between 1s and 1d",
                   "for example 20s"};
    o.keep_alive = *d;
  }
  return o;
}

} // namespace ockam
