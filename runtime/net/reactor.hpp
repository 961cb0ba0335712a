// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/endpoint.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/ip_endpoint.hpp"
#include "runtime/core/timer_queue.hpp"
#include "runtime/net/datagrams.hpp"
#include "runtime/net/stream.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// The seam between a node and the operating system: byte streams (`stream.hpp`), datagrams
/// (`datagrams.hpp`), time, and the socket thread itself. `caf_reactor` implements it over CAF's multiplexer;
/// the tests implement it in memory, with a clock that they move, so that every fault of a network can be
/// played at will.
///
/// Everything here is called on the socket thread, and calls back on it, unless it says otherwise.
namespace ockam::net {

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

  /// Errors: `address_in_use`, `address_unavailable`, `permission_denied`, `io_failure`.
  virtual result<acceptor_ptr> listen(const endpoint& at, acceptor_events& owner) = 0;
  /// Takes the port and accepts nobody before `acceptor::open`: until then whoever connects is refused. Errors: as above.
  virtual result<acceptor_ptr> reserve(const endpoint& at, acceptor_events& owner) = 0;
  /// A Unix socket whose file has `mode`; one that nobody listens on any more is replaced.
  /// Errors: as above, and `already_exists` for a file of another kind.
  virtual result<acceptor_ptr> listen_unix(const std::string& path, unsigned mode, acceptor_events& owner) = 0;
  /// Connects without blocking, names resolved aside, several addresses of a name tried in turn, all
  /// within `timeout`. `done` is called once, later. Errors: `unreachable`, `timed_out`.
  virtual connecting_ptr connect(const endpoint& to, std::chrono::milliseconds timeout, connected done) = 0;
  /// The same to a Unix socket. Errors: `unreachable`, `permission_denied`, `timed_out`.
  virtual connecting_ptr connect_unix(const std::string& path, std::chrono::milliseconds timeout, connected done) = 0;
  /// The addresses of a host, in order of preference, never empty. `done` is called once, later. Errors:
  /// `unreachable`, `timed_out`.
  virtual connecting_ptr resolve(const endpoint& host, std::chrono::milliseconds timeout, resolved done) = 0;

  /// Datagrams from and to anybody at a literal local address. Errors: `address_in_use`, `address_unavailable`,
  /// `permission_denied`, `io_failure`.
  virtual result<datagrams_ptr> open_datagrams(const endpoint& at) = 0;
  /// Datagrams from and to one peer, from a local port of the system's choice. Errors: `unreachable`,
  /// `permission_denied`, `io_failure`.
  virtual result<datagrams_ptr> open_datagrams_to(const ip_endpoint& peer) = 0;

  /// The process has so few descriptors left that they are for its operator: listeners for others let nobody in.
  virtual bool short_of_descriptors() const { return false; }

  /// Whether the IP address is one of this machine's; its port does not matter.
  virtual bool is_local(const ip_endpoint& address) = 0;

  virtual clock::time_point now() const = 0;
  virtual timer_queue::id after(std::chrono::milliseconds delay, std::function<void()> fire) = 0;
  virtual void cancel(timer_queue::id timer) = 0;

  /// Runs `f` on the socket thread, later, after what was posted before. Thread: any.
  virtual void post(std::function<void()> f) = 0;
  /// Called at the end of every posted function, and of every event or of several that came together: the node runs its switchboard there.
  virtual void at_end_of_turn(std::function<void()> f) = 0;
};

} // namespace ockam::net
