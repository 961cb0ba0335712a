// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/endpoint.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/ip_endpoint.hpp"
#include "runtime/core/reason.hpp"
#include "runtime/core/timer_queue.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <sys/uio.h>
#include <vector>

/// The seam between a node and the operating system: byte streams, datagrams, listening sockets, time, and
/// the socket thread itself. `caf_reactor` implements it over CAF's multiplexer; the tests implement it in
/// memory, with a clock that they move, so that every fault of a network can be played at will.
///
/// Everything here is called on the socket thread, and calls back on it, unless it says otherwise.
namespace ockam::net {

/// What a read or write did.
struct io_result {
  enum class status : std::uint8_t {
    ok,    ///< `bytes` were moved
    again, ///< nothing can be moved now
    eof,   ///< read: the peer has closed
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

/// Hears from a stream. Called only while watched for; never from inside `read`, `write` or `watch_…`.
class stream_events {
 public:
  virtual void on_readable() = 0; ///< also when the peer has closed: `read` then says so
  virtual void on_writable() = 0;

 protected:
  ~stream_events() = default;
};

/// A connected, non-blocking byte stream. The destructor closes it; nothing is heard afterwards, also not
/// when it is destroyed inside one of its own events.
class stream {
 public:
  virtual ~stream() = default;
  virtual void attach(stream_events* owner) = 0; ///< at first nothing is watched
  virtual io_result read(std::span<const iovec> into) = 0;
  virtual io_result write(std::span<const iovec> from) = 0;
  virtual void watch_read(bool on) = 0;
  virtual void watch_write(bool on) = 0;
  /// Whether the peer has closed or the connection broke, for a stream that is not read from now.
  virtual bool peer_closed() = 0;
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

/// A socket for datagrams, non-blocking: from and to anybody, or one fixed peer. The destructor closes it;
/// nothing is heard afterwards, also not when it is destroyed inside one of its own events.
class datagrams {
 public:
  struct inbound {
    ip_endpoint from;
    std::size_t size = 0;
    bool truncated = false; ///< it was longer than the room for it
  };
  struct outbound {
    const ip_endpoint* to = nullptr; ///< null: the fixed peer
    std::array<iovec, 2> parts{};    ///< written one behind the other; the second may be empty
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

/// A connect or a look-up under way; destroying it gives up.
class connecting {
 public:
  virtual ~connecting() = default;
};
using connecting_ptr = std::unique_ptr<connecting>;

/// The socket thread with its sockets and its clock.
class reactor {
 public:
  using clock = timer_queue::clock;
  using connected = std::function<void(result<stream_ptr>)>;
  using resolved = std::function<void(result<std::vector<ip_endpoint>>)>;

  virtual ~reactor() = default;

  /// Errors: `address_in_use`, `permission_denied`, `io_failure`.
  virtual result<acceptor_ptr> listen(const endpoint& at, acceptor_events& owner) = 0;
  /// A Unix socket whose file has `mode`; one that nobody listens on any more is replaced.
  /// Errors: as above, and `already_exists` for a file of another kind.
  virtual result<acceptor_ptr> listen_unix(const std::string& path, unsigned mode, acceptor_events& owner) = 0;
  /// Connects without blocking, names resolved aside, several addresses of a name tried in turn, all
  /// within `timeout`. `done` is called once, later. Errors: `unreachable`, `timed_out`.
  virtual connecting_ptr connect(const endpoint& to, std::chrono::milliseconds timeout, connected done) = 0;
  /// The addresses of a host, in order of preference, never empty. `done` is called once, later. Errors:
  /// `unreachable`, `timed_out`.
  virtual connecting_ptr resolve(const endpoint& host, std::chrono::milliseconds timeout, resolved done) = 0;

  /// Datagrams from and to anybody at a literal local address. Errors: `address_in_use`,
  /// `permission_denied`, `io_failure`.
  virtual result<datagrams_ptr> open_datagrams(const endpoint& at) = 0;
  /// Datagrams from and to one peer, from a local port of the system's choice. Errors: `unreachable`,
  /// `permission_denied`, `io_failure`.
  virtual result<datagrams_ptr> open_datagrams_to(const ip_endpoint& peer) = 0;

  /// The same to a Unix socket. Errors: `unreachable`, `permission_denied`, `timed_out`.
  virtual connecting_ptr connect_unix(const std::string& path, std::chrono::milliseconds timeout, connected done) = 0;

  /// Whether the IP address is one of this machine's; its port does not matter.
  virtual bool is_local(const ip_endpoint& address) = 0;

  virtual clock::time_point now() const = 0;
  virtual timer_queue::id after(std::chrono::milliseconds delay, std::function<void()> fire) = 0;
  virtual void cancel(timer_queue::id timer) = 0;

  /// Runs `f` on the socket thread, later, after what was posted before. Thread: any.
  virtual void post(std::function<void()> f) = 0;
  /// Called at the end of every event, timer and posted function: the node runs its switchboard there.
  virtual void at_end_of_turn(std::function<void()> f) = 0;
};

} // namespace ockam::net
