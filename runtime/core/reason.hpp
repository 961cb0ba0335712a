// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string_view>

namespace ockam {

/// Why a message ended before its last hop. Numbers are those of `ockam.routing.Reason`.
enum class drop_reason : std::uint8_t {
  none = 0,
  unknown_worker = 1, ///< no worker at that address
  hop_budget = 2,     ///< handled too often: a loop
  refused = 3,        ///< flow control: not meant for who sent it
  link_down = 4,      ///< the link is not connected
  congested = 5,      ///< a queue on the way is full or stalled
  too_large = 6,      ///< does not fit the transport
  bad_route = 7,      ///< a hop of a kind that this node does not follow, or no hop at all
  worker_failed = 8,  ///< the worker died while handling it
  service_error = 9,  ///< the service answered with an error
  node_stopping = 10, ///< the node is going down
  unreachable = 11,   ///< the peer that the route names cannot be connected to
  dial_refused = 12,  ///< this node does not connect to that peer for the sender
  stream_broken = 13, ///< belongs to a flow of which something was dropped before
};
inline constexpr std::size_t drop_reason_count = 14;

/// `unknown-worker`, `congested`, … as counters, JSON and reports spell it.
constexpr std::string_view to_string(drop_reason r) noexcept {
  constexpr std::array<std::string_view, drop_reason_count> names{
    "none",      "unknown-worker", "hop-budget",    "refused",       "link-down",    "congested",
    "too-large", "bad-route",      "worker-failed", "service-error", "node-stopping", "unreachable",
    "dial-refused", "stream-broken"};
  auto i = static_cast<std::size_t>(r);
  return i < names.size() ? names[i] : "unknown";
}

/// Bad input that a node refused: what was wrong with it. Counted, shown in `node show`.
enum class refusal : std::uint8_t {
  wrong_preamble,      ///< first byte of a connection is not the protocol's
  frame_too_large,     ///< a length over the limit
  malformed_frame,     ///< bytes that do not decode
  too_many_hops,       ///< a route over `max_route_hops`
  name_too_long,       ///< an address over `max_name_length`
  handshake_timeout,   ///< a peer that says nothing
  frame_timeout,       ///< a frame that dribbles in
  write_timeout,       ///< a peer that reads nothing
  too_many_connections,///< over `max-connections`
  out_of_descriptors,  ///< the process may not open more files
  foreign_user,        ///< another user on the control socket
  bad_request,         ///< a control request that does not decode
  bad_fragment,        ///< a slice of a message that contradicts the others
  stale_fragment,      ///< a slice that comes too late or again
  incomplete_message,  ///< slices of a message that never became whole
  foreign_source,      ///< a datagram from another peer than the link's
  own_source,          ///< a datagram that names the socket itself as its source
  over_budget,         ///< a datagram, or a message in parts, for which there was no memory
  bad_upgrade,         ///< an HTTP request or response that makes no WebSocket
  websocket_violation, ///< WebSocket frames against their rules, or text
  tls_failed,          ///< a TLS handshake or record that is not valid, a certificate that is not trusted
  malformed_report,    ///< a report that does not decode: told as one without a reason, never as a reply
  malformed_trace,     ///< a trace context that is none, or too long to pass on: left out
};
inline constexpr std::size_t refusal_count = 23;

constexpr std::string_view to_string(refusal r) noexcept {
  constexpr std::array<std::string_view, refusal_count> names{
    "wrong-preamble",       "frame-too-large",    "malformed-frame", "too-many-hops",
    "name-too-long",        "handshake-timeout",  "frame-timeout",   "write-timeout",
    "too-many-connections", "out-of-descriptors", "foreign-user",    "bad-request",
    "bad-fragment",         "stale-fragment",     "incomplete-message", "foreign-source", "own-source", "over-budget",
    "bad-upgrade",          "websocket-violation", "tls-failed", "malformed-report", "malformed-trace"};
  auto i = static_cast<std::size_t>(r);
  return i < names.size() ? names[i] : "unknown";
}

/// Counts by reason. Socket thread only.
template <class Enum, std::size_t N>
class counters {
 public:
  void add(Enum which, std::uint64_t n = 1) noexcept { values_[static_cast<std::size_t>(which)] += n; }
  std::uint64_t operator[](Enum which) const noexcept { return values_[static_cast<std::size_t>(which)]; }
  std::uint64_t total() const noexcept { return std::accumulate(values_.begin(), values_.end(), std::uint64_t{0}); }
  counters& operator+=(const counters& more) noexcept {
    std::transform(values_.begin(), values_.end(), more.values_.begin(), values_.begin(), std::plus{});
    return *this;
  }

 private:
  std::array<std::uint64_t, N> values_{};
};
using drop_counters = counters<drop_reason, drop_reason_count>;
using refusal_counters = counters<refusal, refusal_count>;

} // namespace ockam
