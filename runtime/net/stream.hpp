// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"
#include "runtime/core/reason.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <sys/uio.h>

/// Byte streams and the sockets that accept them. Socket thread only.
namespace ockam::net {

/// What a read or write did.
struct io_result {
  enum class status : std::uint8_t {
    ok,    ///< `bytes` were moved
    again, ///< nothing can be moved now
    eof,   ///< read: the peer has ended its direction, and so it stays
    failed ///< the connection is broken; `err` says how (errno)
  };
  status what = status::again;
  std::size_t bytes = 0;
  int err = 0;
};

/// What a peer did against the rules of a protocol that lies between a stream and the system's socket.
struct protocol_violation {
  refusal why = refusal::malformed_frame;
  std::string what; ///< words that go on after "the peer"
};

/// Hears from a stream. Called only while watched for; never from inside one of the stream's own calls.
class stream_events {
 public:
  virtual void on_readable() = 0; ///< also when the peer has ended its direction: `read` then says so
  virtual void on_writable() = 0;

 protected:
  ~stream_events() = default;
};

/// A connected, non-blocking byte stream. The destructor closes it; nothing is heard afterwards, also not
/// when it is destroyed inside one of its own events.
///
/// Its two directions end one by one:
///
///     open ──read: eof─────▶ peer is done ────shutdown_write──▶ done: destroy it
///       └───shutdown_write─▶ this end is done ──read: eof─────────▶ done: destroy it
///
/// - *The peer is done*: `read` says `eof` now and whenever it is asked again, and `on_readable` comes as long
///   as it is watched for: stop watching. The peer may go on reading, so what is written still goes out. One
///   that has closed altogether looks the same until a `write` has `failed`.
/// - *This end is done*: `read` goes on until it says `eof`.
class stream {
 public:
  virtual ~stream() = default;
  virtual void attach(stream_events* owner) = 0; ///< at first nothing is watched
  virtual io_result read(std::span<const iovec> into) = 0;
  /// What was taken is on its way. What was not is the owner's, who offers it again, from the same byte on.
  virtual io_result write(std::span<const iovec> from) = 0;
  /// Ends this end's direction: behind all that `write` has taken, the peer reads the end of the stream.
  /// Layers send first what they still have, and the end with it, by themselves: whoever destroys the stream
  /// before it is out cuts that off. From now on `write` fails with EPIPE; `on_writable` comes at once where it
  /// is watched for, so that it can say so. Calling it again changes nothing.
  ///
  /// False where the protocol has no such thing, and nothing has happened: in WebSocket and in BASP the end of
  /// one direction is the end of both. There the owner destroys the stream when it has no more to say, and a
  /// peer that `read` says `eof` of takes nothing more.
  ///
  /// Precondition: nothing is left of what `write` was offered. (TLS may have begun to send it.)
  virtual bool shutdown_write() = 0;
  /// The destructor cuts the connection off: the peer hears of a reset and not of an end, and what has not arrived is
  /// lost. No effect where the protocol below knows no such thing.
  virtual void reset_at_end() {}
  /// Has small writes wait for each other as long as the peer has not acknowledged what went before (Nagle's algorithm;
  /// off at first). No effect on what is no TCP.
  virtual void gather_small_writes() {}
  /// Whether both directions have ended or the connection broke, for a stream that is not read from now; what has come
  /// in before may still be there.
  virtual bool is_dead() { return false; }
  virtual void watch_read(bool on) = 0;
  virtual void watch_write(bool on) = 0;
  /// Whether the peer has ended its direction or the connection broke, for a stream that is not read from now.
  virtual bool peer_closed() = 0;
  /// Whether bytes of the peer are here and wait to be read.
  virtual bool has_unread() const = 0;
  /// How long the peer's system has left unanswered what this stream sent; zero when it owes nothing or
  /// that cannot be told. A process that does not read is no reason: its system answers for it.
  virtual std::chrono::milliseconds unanswered() { return {}; }
  virtual std::string peer() const = 0;  ///< `host:port`; `pid N` for a Unix socket
  virtual std::string local() const = 0;
  /// User id of the peer process, for Unix sockets; -1 otherwise.
  virtual std::int64_t peer_uid() const { return -1; }
  /// Who the other end has proved to be: `uid=1000` of a Unix socket, the subject of a certificate that was
  /// checked, `CN=n1,O=Example`; empty where nothing proves it.
  virtual std::string identity() const {
    auto uid = peer_uid();
    return uid < 0 ? std::string{} : "uid=" + std::to_string(uid);
  }
  /// Name that the node at the other end gave itself, where the protocol below has one.
  virtual std::string peer_node() const { return {}; }
  /// Why `read` or `write` has `failed`, where it was the peer's doing and errno has no word for it.
  virtual std::optional<protocol_violation> violation() const { return std::nullopt; }
};
using stream_ptr = std::unique_ptr<stream>;

/// A listening socket. The destructor closes it.
class acceptor {
 public:
  virtual ~acceptor() = default;
  virtual std::string local() const = 0; ///< `host:port` with the real port
  /// Begins to accept, of one that has been made by `reactor::reserve`. Errors: as `reactor::listen`.
  virtual result<void> open() { return {}; }
};
using acceptor_ptr = std::unique_ptr<acceptor>;

/// What an acceptor reports. `on_accept` owns the stream from then on.
class acceptor_events {
 public:
  virtual void on_accept(stream_ptr s) = 0;
  /// The process may not open more files: a connection was accepted and closed at once.
  virtual void on_out_of_descriptors() = 0;

 protected:
  ~acceptor_events() = default;
};

} // namespace ockam::net
