// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/net/reactor.hpp"
#include "runtime/links/transport.hpp"
#include "transports/codec/message_codec.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ockam {

/// Puts a protocol of its own under a link: TLS, WebSocket. `listener`: id of the listener that the stream came by, 0
/// where this node has connected. Empty: the stream as it is.
using stream_wrapper = std::function<net::stream_ptr(net::stream_ptr, std::uint32_t listener)>;

/// An address to listen on, understood.
struct stream_place {
  std::function<result<net::acceptor_ptr>(net::reactor&, net::acceptor_events&)> open;
  stream_wrapper wrap = {};
};

/// An address to connect to, understood.
struct stream_peer {
  std::string name; ///< the address in its usual form, as lists show it
  std::function<net::connecting_ptr(net::reactor&, std::chrono::milliseconds, net::reactor::connected)> connect;
  stream_wrapper wrap = {};
};

/// Everything in which links over one kind of byte stream differ from those over another, as data. A kind that keeps
/// something for its listeners and connections (certificates) has it in its functions.
struct stream_kind {
  std::string_view name;      ///< tcp: of the transport, its commands and its sections
  std::string_view link_type; ///< tcp-link: of its workers. Static text
  transport_type type;        ///< of addresses in routes
  bool heartbeat;             ///< whether a peer that vanished can only be noticed by sending
  bool by_proxy;              ///< whether its connections have the key `proxy`
  const message_codec& codec; ///< what messages look like inside of frames

  /// Both read an address and the options that only this kind knows. Errors: `invalid_address`,
  /// `invalid_argument`.
  std::function<result<stream_place>(const transport_context&, const std::string& address, const transport_options&)> place;
  std::function<result<stream_peer>(const transport_context&, const std::string& address, const transport_options&)> peer;
  std::function<void()> look_again = {}; ///< at files; see `transport::look_again`
};

} // namespace ockam
