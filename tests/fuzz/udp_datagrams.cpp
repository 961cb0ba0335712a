// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets.hpp"

#include "transports/udp/udp_reassembly.hpp"
#include "transports/codec/wire_codec.hpp"

#include <cstdint>
#include <cstdlib>

namespace ockam::fuzz {

/// Datagrams as a socket would get them: decoder, reassembly and, for messages that become whole, the message
/// decoder. Input: for each datagram a byte that says from whom (of 8) and whether time passes, a byte of
/// length, and so many bytes. Aborts when a bound does not hold or memory does not come back.
void udp_datagrams(bytes in) {
  auto check = [](bool ok) {
    if (!ok)
      std::abort();
  };
  memory node{1u << 20};
  auto l = ledger::make(node, 1u << 20, nullptr);
  udp_reassembly::bounds bounds{.message = 4096, .bytes = 16u << 10, .peers = 4};
  {
    udp_reassembly tested{bounds, *l};
    udp_reassembly::clock::time_point now{std::chrono::hours{1}};
    while (in.size() >= 2) {
      auto control = std::to_integer<std::uint8_t>(in[0]);
      auto size = std::min<std::size_t>(std::to_integer<std::size_t>(in[1]), in.size() - 2);
      ip_endpoint from;
      from.port = static_cast<std::uint16_t>(1 + (control & 7));
      now += std::chrono::seconds{control >> 4};
      if (control & 8)
        tested.sweep(now);
      if (auto slice = udp_codec::decode(in.subspan(2, size))) {
        check(!slice->bytes.empty() && slice->offset < slice->total);
        auto out = tested.take(from, *slice, now);
        check(!out.bad || out.message.empty());
        check(!out.passed || (out.message.empty() && out.passed->length > bounds.message));
        if (out.passed) {
          ockam::route_header h;
          (void)wire_codec::decode_edges(out.passed->first, out.passed->last, out.passed->length, h);
        }
        check(out.message.size() <= bounds.message);
        if (!out.message.empty()) {
          ockam::route_header h;
          (void)wire_codec::decode(out.message, h);
        }
      }
      check(tested.peers() <= bounds.peers && tested.bytes() <= bounds.bytes && tested.bytes() == node.used());
      in = in.subspan(2 + size);
    }
    tested.sweep(now + std::chrono::hours{1});
    check(tested.bytes() == 0 && tested.peers() == 0);
  }
  check(node.used() == 0);
}

} // namespace ockam::fuzz
