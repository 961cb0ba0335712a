// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/credit.hpp"
#include "runtime/core/payload.hpp"
#include "runtime/core/route_header.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ockam {

/// Who let a message into the node: flow control ids of the link and of the listener that made it
/// (`flow_controls`). Both 0: a worker of this node.
struct message_source {
  std::uint32_t producer = 0;
  std::uint32_t spawner = 0;
  /// Who the other end of the link has proved to be: `uid=1000` over a Unix socket, the subject of a
  /// certificate over TLS, `CN=n1,O=Example`; null where nothing proves it.
  std::shared_ptr<const std::string> identity = {};

  bool is_local() const noexcept { return producer == 0; }
};

/// A message on its way: routes, payload, and the share of the budgets that it takes up. Has one owner at
/// a time and is handed on by moving the pointer; the thread that owns it may be any.
struct message {
  route_header header;
  payload body;
  credit held;
  message_source source;
  bool foreign = false;    ///< of another implementation, which cannot say that it belongs to a stream
  bool imported = false;   ///< some link of this node let it in, however many workers have had it since
  std::chrono::steady_clock::time_point seen{}; ///< when this node first saw it; of traced messages
  message* next = nullptr; ///< for the run queue

  // -- what a service asks of it --------------------------------------------------------------------
  std::span<const std::byte> bytes() const noexcept { return body.bytes(); }
  /// The payload as text, where it is a BARE string in UTF-8: what `ockam message send` sends.
  std::optional<std::string_view> text() const;
  /// The way back to who asked; its last address is the worker that sent the message.
  route return_route() const { return header.return_route(); }
  /// From a worker of this node, or from behind a hop of it; false: straight from a link.
  bool is_local() const noexcept { return source.is_local(); }
  /// Who the other end of the link that it came by has proved to be (`message_source`); null where nothing
  /// proves it.
  const std::string* identity() const noexcept { return source.identity.get(); }

  /// Memory that this message takes, as charged to the budgets.
  std::size_t footprint() const noexcept {
    return sizeof(message) + header.heap_bytes() + body.heap_bytes();
  }

  // Messages come and go by the million on the socket thread: a short free list per thread.
  static void* operator new(std::size_t size);
  static void operator delete(void* p) noexcept;
};

using message_ptr = std::unique_ptr<message>;

/// Text as a BARE string: what `ockam message send` prints and services of other implementations understand.
payload text_payload(std::string_view text);

} // namespace ockam
