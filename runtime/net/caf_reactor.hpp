// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/fine_histogram.hpp"
#include "runtime/net/reactor.hpp"
#include "runtime/net/socket_keeper.hpp"

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/event_handler.hpp>
#include <caf/intrusive_ptr.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace caf {
class actor_system;
}

namespace ockam {

class caf_reactor;

/// A descriptor in CAF's event loop. CAF defers changes of its epoll set to the end of the loop's
/// iteration and may still hold a pointer to the handler in the events of this one, so a handler is
/// never deleted at once: `retire` takes it out, and the object (with the descriptor) goes one iteration
/// later. Socket thread only.
class fd_handler : public caf::io::network::event_handler {
 public:
  /// Hears about the descriptor; errors count as readable, so that a read reports them.
  struct listener {
    virtual void on_fd_readable() = 0;
    virtual void on_fd_writable() = 0;

   protected:
    ~listener() = default;
  };
  struct retirer {
    void operator()(fd_handler* h) const { h->retire(); }
  };
  using owner = std::unique_ptr<fd_handler, retirer>;

  /// Takes the descriptor over.
  static owner make(caf_reactor& r, int fd, listener& l);

  int descriptor() const noexcept { return fd_; }
  void watch_read(bool on);
  void watch_write(bool on);
  /// False also after an error event, with which CAF takes the descriptor out of its set.
  bool watches_read() const noexcept { return state_.reading; }

  void handle_event(caf::io::network::operation op) override;
  void removed_from_loop(caf::io::network::operation) override {}
  void graceful_shutdown() override {}

 private:
  fd_handler(caf_reactor& r, int fd, listener& l);
  void retire();

  caf_reactor& reactor_;
  listener* listener_;
  bool writing_ = false;
};

/// The socket thread of a node: CAF's multiplexer thread, which also runs every broker. Owned by the node.
class caf_reactor final : public net::reactor, private fd_handler::listener {
 public:
  explicit caf_reactor(caf::actor_system& sys);
  ~caf_reactor() override;

  /// Sockets of listeners come from there, if it has them, and may live on there. Before the first listener; it lives longer.
  void keep_sockets(net::socket_keeper* k) noexcept { keeper_ = k; }

  /// First and last things to do on the socket thread.
  void open();
  void close();

  caf::io::network::default_multiplexer& backend() noexcept { return backend_; }
  /// Accepts and closes one connection although the process is out of descriptors, by means of one that
  /// is kept in reserve: without that, CAF's loop would spin on the listening socket.
  /// False when even that was not possible.
  bool refuse_one(int listening_fd);
  /// A listener has got this descriptor: since the system gives the lowest, it tells how many are in use.
  void has_opened(int fd) noexcept { latest_fd_ = fd; }
  bool short_of_descriptors() const override;
  /// A descriptor's event was handled. Where several have events in one round of CAF's loop, their turn ends together with
  /// the round: what fifty clients have said leaves a link in one system call. Where rounds have one event each, and after
  /// much was read, it ends at once.
  void end_event();
  void end_turn() {
    bytes_of_turn_ = 0;
    if (turn_)
      turn_();
    if (began_ != clock::time_point{}) {
      turns_.add(clock::now() - began_);
      began_ = {};
    }
  }
  /// Something is about to be handled: a turn begins, unless one is under way.
  void begin_event() {
    if (began_ == clock::time_point{})
      began_ = clock::now();
  }
  /// How long turns took so far. Socket thread only.
  const fine_histogram& turns() const noexcept { return turns_; }
  void has_read(std::size_t bytes) noexcept { bytes_of_turn_ += bytes; }

  result<net::acceptor_ptr> listen(const endpoint& at, net::acceptor_events& owner) override;
  result<net::acceptor_ptr> reserve(const endpoint& at, net::acceptor_events& owner) override;
  result<net::acceptor_ptr> listen_unix(const std::string& path, unsigned mode, net::acceptor_events& owner) override;
  net::connecting_ptr connect(const endpoint& to, std::chrono::milliseconds timeout, connected done) override;
  net::connecting_ptr connect_unix(const std::string& path, std::chrono::milliseconds timeout, connected done) override;
  net::connecting_ptr resolve(const endpoint& host, std::chrono::milliseconds timeout, resolved done) override;
  result<net::datagrams_ptr> open_datagrams(const endpoint& at) override;
  result<net::datagrams_ptr> open_datagrams_to(const ip_endpoint& peer) override;
  bool is_local(const ip_endpoint& address) override;
  clock::time_point now() const override { return clock::now(); }
  timer_queue::id after(std::chrono::milliseconds delay, std::function<void()> fire) override;
  void cancel(timer_queue::id timer) override { timers_.cancel(timer); }
  void post(std::function<void()> f) override;
  void at_end_of_turn(std::function<void()> f) override { turn_ = std::move(f); }

  /// Lets threads that are not ours (the resolver's) post while, and only while, the reactor lives.
  struct gate {
    std::mutex lock;
    caf_reactor* open = nullptr;
  };
  const std::shared_ptr<gate>& entrance() const noexcept { return gate_; }

 private:
  class round_end;

  void end_round();
  void on_fd_readable() override; // the timer descriptor
  void on_fd_writable() override {}
  void arm();

  caf::io::network::default_multiplexer& backend_;
  std::shared_ptr<gate> gate_ = std::make_shared<gate>();
  timer_queue timers_;
  fd_handler::owner timer_fd_;
  clock::time_point armed_until_ = clock::time_point::max();
  std::vector<ip_endpoint> local_addresses_; ///< as of `local_addresses_until_`
  clock::time_point local_addresses_until_{};
  net::socket_keeper* keeper_ = nullptr;
  int reserve_fd_ = -1;
  int latest_fd_ = -1;
  std::function<void()> turn_;
  caf::intrusive_ptr<round_end> round_end_;
  bool round_marked_ = false;         ///< `end_round` is to come
  std::size_t events_of_round_ = 0;   ///< since then
  std::size_t events_unmarked_ = 0;   ///< since the last one
  std::size_t lone_rounds_ = 0;       ///< with one event, in a row
  std::size_t bytes_of_turn_ = 0;
  clock::time_point began_{};         ///< the turn that is under way
  fine_histogram turns_;
};

} // namespace ockam
