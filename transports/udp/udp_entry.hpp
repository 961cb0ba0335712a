// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/address.hpp"
#include "transports/transport_descriptor.hpp"
#include "transports/udp/udp_codec.hpp"

namespace ockam {

inline constexpr key_descriptor udp_datagram_size{
  .name = "datagram-size", .type = key_type::size, .about = "largest datagram that is sent; the same at both ends",
  .fallback = "508", // what a real Ockam node uses
  .least = udp_codec::least_datagram, .most = udp_codec::most_datagram};

inline constexpr std::array<key_descriptor, 2> udp_listener_keys{{
  udp_datagram_size,
  {.name = "worker", .about = "address of its worker; 32 random hex digits if not given", .least = 1, .most = max_name_length,
   .value = "NAME"},
}};

inline constexpr std::array<std::string_view, 1> udp_never{"off"};
inline constexpr std::array<key_descriptor, 2> udp_connection_keys{{
  udp_datagram_size,
  {.name = "keep-alive", .type = key_type::duration, .about = "send something after this long in silence", .fallback = "off",
   .least = 1'000, .most = 86'400'000, .words = udp_never},
}};

/// UDP in the list of transports.
struct udp_entry : transport_entry {
  static constexpr transport_descriptor descriptor{
    .name = "udp", .title = "UDP", .type = "Udp", .example = "127.0.0.1:4000",
    .listener = {.about = "exchange datagrams with anybody, at this address", .address = ip_listen_address,
                 .keys = udp_listener_keys},
    .connection = {.about = "exchange datagrams with one other node", .address = ip_peer_address,
                   .keys = udp_connection_keys}};

  static std::unique_ptr<transport> make(transport_context context);
};

} // namespace ockam
