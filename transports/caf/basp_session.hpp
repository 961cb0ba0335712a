// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/caf/basp_gate.hpp"

#include "runtime/core/error.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace caf {
class actor_system;
}

namespace ockam {

/// Two CAF actors, one in each process, that write to each other over one connection.
///
///     bytes ─▶ gate ─▶ BASP BROKER ─▶ (mailbox) ─▶ END ─▶ owner         this process
///     bytes ◀───────── BASP BROKER ◀──────────────────── owner
///
/// Each connection has a BASP instance of its own, which knows this one peer: links stand and fall alone,
/// several between the same two processes do not share a socket, nobody can forward through a node or take
/// a name that it uses, and what is not sent yet is known exactly. Where bytes come from and go to is the
/// owner's affair. The peer may be any CAF 0.17 program with our app-identifier that speaks as we do.
/// Destroying it ends both actors. Socket thread only.
class basp_session {
 public:
  /// All but `write` are told from a mailbox, never from inside a call to the session.
  class owner {
   public:
    /// Bytes for the peer, in order. The first are there before the session takes any.
    virtual void write(std::span<const std::byte> bytes) = 0;
    /// Client: the handshakes of BASP are done, and the hello may be sent.
    virtual void on_connected() = 0;
    /// The peer's first message.
    virtual void on_hello(const std::string& text) = 0;
    virtual void on_bytes(std::string bytes) = 0;
    /// CAF has given up this connection.
    virtual void on_lost(error why) = 0;

   protected:
    ~owner() = default;
  };

  virtual ~basp_session() = default;

  static std::unique_ptr<basp_session> make(caf::actor_system& sys, basp_gate::side side, owner& o);

  /// What the peer sent, in any pieces. False: it broke the rules (`problem` says how) or it has ended
  /// (`problem` is empty); nothing more is taken then.
  virtual bool take(std::span<const std::byte> in) = 0;
  virtual std::string_view problem() const = 0;
  virtual refusal reason() const = 0;
  /// Whether a message is on its way in: `take` has handed it to CAF, the owner has not heard of it.
  virtual bool in_transit() const = 0;

  /// Each becomes one BASP message. The server may send once it was told the hello.
  virtual void send_hello(std::string text) = 0;
  virtual void send_bytes(std::string bytes) = 0;
};

} // namespace ockam
