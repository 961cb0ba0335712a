// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/net/reactor.hpp"
#include "runtime/links/transport.hpp"
#include "transports/stream/stream_kind.hpp"

#include <chrono>
#include <string>

/// The byte stream of a caf link: what one turn of a link writes goes to the peer as one message between
/// two CAF actors (`basp_session`), over a socket of ours. So a link over CAF has the budgets, the pauses and
/// the stall rules of any other: BASP has no back-pressure, this stream does.
///
///     link ─▶ write: chunks of at most 64 KiB ─▶ END ═ BASP ═▶ END ─▶ read ─▶ link
///
/// - a stream that is not read from does not read its socket; what it has taken in by then is bounded by two
///   chunks, and the peer's TCP waits;
/// - a stream takes what is written only while less than 64 KiB wait for its socket; the rest is the link's
///   to keep or to drop.
///
/// Handshake, after that of BASP: each end sends a `LinkHello` (`proto/routing.proto`), the client first. A
/// version that is not ours ends it, after our own hello, so that both sides can say why.
///
///     connecting ──BASP handshakes──▶ greeting ──peer's hello──▶ up ──▶ ended
namespace ockam {

/// What such a stream needs of its node.
struct caf_environment {
  caf::actor_system& actors;
  net::reactor& reactor;
  std::string node_name; ///< told to the peer
};

inline constexpr std::uint32_t caf_link_version = 1;

/// Over a connection that a listener has accepted. The handshake goes on inside: until it is done the
/// stream reads and takes nothing. Silent peers are the owner's to close.
net::stream_ptr accept_caf(const caf_environment& env, net::stream_ptr raw);

/// Connects by `connect` and shakes hands within `timeout`; `to`: where to, for errors; `wrap` puts TLS under it, if anything. Errors: those of
/// `connect`; `malformed` (something else listens there), `unsupported` (another version), `closed`, `invalid_address` (the node itself).
net::connecting_ptr connect_caf(const caf_environment& env, const std::string& to, const decltype(stream_peer::connect)& connect,
                                stream_wrapper wrap, std::chrono::milliseconds timeout, net::reactor::connected done);

} // namespace ockam
