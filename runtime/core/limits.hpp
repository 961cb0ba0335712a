// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace ockam {

/// Between which delays something is tried again. The longest is what a peer that is back may have to wait
/// for after a long outage. A second of it costs a SYN and its refusal, less than a link's heartbeats do.
struct retry_range {
  std::chrono::milliseconds least{200};
  std::chrono::milliseconds most{1'000};
};

/// Every bound of a node with its reason, in one place. Sizes in bytes. Those a user may want to change
/// are keys of the section `[node]` under the same name with hyphens.
struct limits {
  /// Bytes that a link let in and that still live in the node. More, and the link stops reading: the
  /// peer's TCP then waits.
  std::size_t link_budget = 1u << 20;
  /// The same for all links together. As it fills, links get less each, never less than one frame. A quarter of it
  /// is for frames that are not whole yet (`frame_pool`).
  std::size_t node_budget = 256u << 20;
  /// Beside that, for messages of the command line: an operator sees and sends also when the rest is full.
  static constexpr std::size_t control_budget = 8u << 20;
  /// Largest frame of the Ockam wire (docs/protocol.md, Preamble and frames), inclusive.
  std::size_t max_frame = 16u << 20;
  /// Connections of all listeners together. Later ones are accepted and closed, and counted. One listener has 15 in
  /// 16 of them, if its own key of this name does not say otherwise.
  std::size_t max_connections = 4096;
  /// Relays that other nodes may have here (`forwarding_service`), all together, and by one link: each is a worker.
  std::size_t max_relays = 4096;
  std::size_t max_relays_per_peer = 256;
  /// Bytes that one relay has passed on and that still wait in the node for their link. More, and the links that send to
  /// it read nothing: so one relay with many senders leaves most of `node_budget` to others.
  std::size_t max_relay_bytes = 64u << 20;
  /// Bytes of a relay's name.
  std::size_t max_relay_name = 255;
  /// A message that waited this long for a link that writes nothing is dropped.
  std::chrono::milliseconds stall{2'000};
  /// Bytes a second that a destination must take, over 10 s, while it holds up others; one that takes less counts
  /// as stalled, so that a trickle holds nobody to ransom.
  std::size_t least_rate = 4u << 10;
  /// A link that could not write for this long is closed.
  std::chrono::milliseconds write_timeout{30'000};
  /// A peer must send its preamble within this time.
  std::chrono::milliseconds handshake_timeout{10'000};
  /// A frame must be whole this long after its first byte, plus one second for each 256 KiB.
  std::chrono::milliseconds frame_timeout{10'000};
  /// A connect attempt, all addresses of a name together.
  std::chrono::milliseconds connect_timeout{10'000};
  /// A worker that does not return from a call for this long is named in the log.
  std::chrono::milliseconds watchdog{5'000};
  /// Reports and log lines about one reason are written at most this often.
  std::chrono::milliseconds log_interval{1'000};
};

} // namespace ockam
