// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

/// What reads bytes from outside, one function each, with what must hold of any input. A violation aborts.
/// The fuzzers run them on what they invent, the ring unit on the named seeds.
namespace ockam::fuzz {

using bytes = std::span<const std::byte>;

void wire_frame(bytes in);
void route_header(bytes in);
void trace_context(bytes in);
void cbor_skip(bytes in);
void bare(bytes in);
void multiaddr_binary(bytes in);
void multiaddr_text(bytes in);
void control_request(bytes in);
void config_text(bytes in);
void endpoint(bytes in);
void udp_datagrams(bytes in);
void ws_frames(bytes in);
void ws_messages(bytes in);
void ws_upgrade(bytes in);
void native_frame(bytes in);
void basp_frames(bytes in);
void script_values(bytes in);
void plugin_file(bytes in);
void watch_messages(bytes in);
void typed_message(bytes in);
void relay_registration(bytes in);
void portal_message(bytes in);
void change_history(bytes in);
void credential_and_key(bytes in);
void identity_proof(bytes in);
void channel_message(bytes in);
void vault_file(bytes in);
void handshake_initiator(bytes in);
void handshake_responder(bytes in);
void channel_receiving(bytes in);
void channel_order(bytes in);
void http_access(bytes in);

struct target {
  std::string_view name; ///< also the folder of its seeds
  void (*run)(bytes in);
};
inline constexpr std::array<target, 32> targets{{
  {"wire_frame", &wire_frame},
  {"route_header", &route_header},
  {"trace_context", &trace_context},
  {"cbor_skip", &cbor_skip},
  {"bare", &bare},
  {"multiaddr_binary", &multiaddr_binary},
  {"multiaddr_text", &multiaddr_text},
  {"control_request", &control_request},
  {"config_text", &config_text},
  {"endpoint", &endpoint},
  {"udp_datagrams", &udp_datagrams},
  {"ws_frames", &ws_frames},
  {"ws_messages", &ws_messages},
  {"ws_upgrade", &ws_upgrade},
  {"native_frame", &native_frame},
  {"basp_frames", &basp_frames},
  {"script_values", &script_values},
  {"plugin_file", &plugin_file},
  {"watch_messages", &watch_messages},
  {"typed_message", &typed_message},
  {"relay_registration", &relay_registration},
  {"portal_message", &portal_message},
  {"change_history", &change_history},
  {"credential_and_key", &credential_and_key},
  {"identity_proof", &identity_proof},
  {"channel_message", &channel_message},
  {"vault_file", &vault_file},
  {"handshake_initiator", &handshake_initiator},
  {"handshake_responder", &handshake_responder},
  {"channel_receiving", &channel_receiving},
  {"channel_order", &channel_order},
  {"http_access", &http_access},
}};

} // namespace ockam::fuzz
