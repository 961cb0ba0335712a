// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/credit.hpp"
#include "runtime/core/payload.hpp"
#include "runtime/core/route_header.hpp"
#include "runtime/core/span.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ockam {

/// Who let a message into the node, by flow control ids (`flow_controls`): the link's own, that of the listener that
/// made the link, and the one that several share (`well_known_flows`); the last two may be 0. Nothing is ever added
/// to a shared id on behalf of one listener. All 0: a worker of this node.
struct message_source {
  std::uint32_t producer = 0;
  std::uint32_t spawner = 0;
  std::uint32_t shared = 0;
  /// Who the other end of the link has proved to be: `uid=1000` over a Unix socket, the subject of a
  /// certificate over TLS, `CN=n1,O=Example`; null where nothing proves it.
  std::shared_ptr<const std::string> identity = {};

  bool is_local() const noexcept { return producer == 0; }
  bool has(std::uint32_t flow) const noexcept { return flow == producer || flow == spawner || flow == shared; }
};

/// What a message has been through since this node first had it.
enum class passage : std::uint8_t {
  straight,  ///< nothing: it is as its link let it in, or as a worker of this node has made it
  passed_on, ///< a worker of this node has passed it on
  answered   ///< a worker of this node has answered it: what it says now begins here
};

/// A message on its way: routes, payload, and the share of the budgets that it takes up. Has one owner at
/// a time and is handed on by moving the pointer; the thread that owns it may be any.
struct message {
  route_header header;
  payload body;
  credit held;
  bool foreign = false; ///< of another implementation, which cannot say that it belongs to a stream
  std::chrono::steady_clock::time_point seen{}; ///< when this node first saw it; of traced messages
  message* next = nullptr; ///< for the run queue

  // -- what a service asks of it --------------------------------------------------------------------
  std::span<const std::byte> bytes() const noexcept { return body.bytes(); }
  /// The payload as text, where it is one (`payload_text`): what `ockam message send` sends.
  std::optional<std::string_view> text() const;
  /// The way back to who asked; its last address is the worker that sent the message.
  route return_route() const { return header.return_route(); }
  /// Begun by a worker of this node; false: a link let it in, however many workers have passed it on since.
  bool is_local() const noexcept { return !is_imported() || passage_ == passage::answered; }
  /// Who the other end of the link that it came by has proved to be (`message_source`), also behind workers of this
  /// node that have passed it on; null where nothing proves it.
  const std::string* identity() const noexcept { return passage_ == passage::answered ? nullptr : source_.identity.get(); }
  /// The trace that it belongs to (W3C Trace Context); null: none. It goes on with whatever the worker makes of the message.
  const trace_context* trace() const noexcept { return header.get_trace_context(); }

  // -- where it comes from: set by the runtime alone (`provenance`) ------------------------------------
  /// The link that let it in; of an answer, the link that let in what it answers.
  const message_source& source() const noexcept { return source_; }
  /// This node has it, or what it answers, from others.
  bool is_imported() const noexcept { return !source_.is_local(); }
  /// From a link, and no worker has had it yet: flow control says which may.
  bool is_straight_from_link() const noexcept { return is_imported() && passage_ == passage::straight; }

  /// Memory that this message takes, as charged to the budgets.
  std::size_t footprint() const noexcept {
    return sizeof(message) + header.heap_bytes() + body.heap_bytes() + (span_ ? sizeof(open_span) : 0);
  }
  /// Its share of the budgets follows what it takes now, with as much more beside it.
  void recharge(std::size_t beside = 0) noexcept { held.resize(footprint() + beside); }

  // Messages come and go by the million on the socket thread: a short free list per thread.
  static void* operator new(std::size_t size);
  static void operator delete(void* p) noexcept;

 private:
  friend struct provenance;
  friend struct message_span;
  message_source source_;
  std::unique_ptr<open_span> span_; ///< of what the worker that has it does with it; null: nothing is kept
  passage passage_ = passage::straight;
};

using message_ptr = std::unique_ptr<message>;

/// Equal for messages of one sender on one path, which keep their order: its link and its last return address.
std::uint64_t sender_key(const message& m);

/// Text as a BARE string: what `ockam message send` prints and services of other implementations understand.
payload text_payload(std::string_view text);

} // namespace ockam
