// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/ip_endpoint.hpp"
#include "runtime/net/stream.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <sys/uio.h>

/// Sockets for datagrams. Socket thread only.
namespace ockam::net {

/// A socket for datagrams, non-blocking: from and to anybody, or one fixed peer. The destructor closes it;
/// nothing is heard afterwards, also not when it is destroyed inside one of its own events.
class datagrams {
 public:
  struct inbound {
    ip_endpoint from;
    std::size_t size = 0;
    bool truncated = false; ///< it was longer than the room for it
    /// The address of this host that it was sent to, without a port, where the socket is bound to all of them. None
    /// where it is bound to one, or the datagram went to many hosts at once.
    std::optional<ip_endpoint> asked = {};
  };
  struct outbound {
    const ip_endpoint* to = nullptr; ///< null: the fixed peer
    std::array<iovec, 2> parts{};    ///< written one behind the other; the second may be empty
    /// The address of this host that it is to come from; null, or when this host has it no more: the system chooses.
    const ip_endpoint* from = nullptr;
  };

  virtual ~datagrams() = default;
  virtual void attach(stream_events* owner) = 0; ///< at first nothing is watched
  /// Takes what has arrived, at most `out.size()` datagrams: number i goes to `into[i * stride]`, at most
  /// `stride` bytes of it, and is described by `out[i]`. In the result, `bytes` counts datagrams. `failed`
  /// is what the network said about an earlier send (ECONNREFUSED); the socket goes on.
  virtual io_result receive(std::span<std::byte> into, std::size_t stride, std::span<inbound> out) = 0;
  /// Sends in order, as many as the system takes. In the result, `bytes` counts datagrams. `failed` is
  /// about the first one, which was not sent: the peer cannot be reached, or the network said so about an
  /// earlier one (ECONNREFUSED). The socket goes on.
  virtual io_result send(std::span<const outbound> batch) = 0;
  virtual void watch_read(bool on) = 0;
  virtual void watch_write(bool on) = 0;
  virtual std::string local() const = 0; ///< `host:port`
};
using datagrams_ptr = std::unique_ptr<datagrams>;

} // namespace ockam::net
