// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/net/reactor.hpp"
#include "sim/support/datagrams.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// A network in memory: byte streams with small windows, partial reads and writes, closes and resets,
/// ports that refuse and hosts that swallow, and a clock that only the test moves. Deterministic: the same
/// calls give the same run, and so does the same seed. One thread.
///
///     test ── client ══ pipes ══ stream ── link of a node          (`network::dial`, `network::serve`)
///             node a ── stream ══ pipes ══ stream ── node b
namespace ockam::sim {

using clock = net::reactor::clock;

/// One direction of a connection.
struct pipe {
  std::deque<char> bytes;
  std::size_t window = 64u << 10; ///< bytes that may lie here unread
  std::size_t least_room = 1;     ///< with less the writer is not told that there is room, as kernels do it
  bool closed = false;            ///< the writer has closed: end of stream behind the bytes
  bool broken = false;            ///< reset: reads and writes fail
  bool unanswered = false;        ///< the reader's system does not acknowledge any more
  std::optional<clock::time_point> sent; ///< since when something is unacknowledged
};
using pipe_ptr = std::shared_ptr<pipe>;

class network;
class connecting;
class reactor;

/// The test's end of a connection: it writes and reads raw bytes, or does not.
class client {
 public:
  client(pipe_ptr in, pipe_ptr out, std::string local = {})
    : in_{std::move(in)}, out_{std::move(out)}, local_{std::move(local)} {}
  client(client&&) = default;
  client& operator=(client&&) = default;
  ~client() { close(); }

  /// Queues all of it, beyond the window too: a test that wants to see back-pressure uses `offer`.
  void send(std::string_view bytes);
  /// Writes what the window takes; returns how much that was.
  std::size_t offer(std::string_view bytes);
  /// Bytes on their way to the node that it has not read.
  std::size_t unread() const { return out_->bytes.size(); }
  /// All that has come in, taken out: the node may write on.
  std::string receive() { return receive(received()); }
  /// The same for at most so many bytes.
  std::string receive(std::size_t most);
  std::size_t received() const { return in_->bytes.size(); }
  /// How much the node may write before this end reads.
  void window(std::size_t bytes) { in_->window = bytes; }
  void tells_of_room_from(std::size_t bytes) { in_->least_room = bytes; }
  /// The node writes no more; it may still read (`finished_by_peer`), or not.
  bool closed_by_peer() const { return in_->closed || in_->broken; }
  /// The node has cut the connection off.
  bool reset_by_peer() const { return in_->broken; }
  /// The node has closed only its sending side.
  bool finished_by_peer() const { return in_->closed && !out_->broken; }
  void close();
  /// Closes only the sending side: the node reads an end of stream and may still write.
  void finish() { out_->closed = true; }
  void reset();
  /// The machine of this end is gone without a word: what the node writes from now on is never answered.
  void vanish() { in_->unanswered = true; }
  /// What the node knows as the address of the other end.
  const std::string& local() const { return local_; }

 private:
  pipe_ptr in_;
  pipe_ptr out_;
  std::string local_;
};

/// Runs something of a node beside its sockets: the actor system.
class participant {
 public:
  virtual bool step() = 0; ///< one thing; false when there is nothing to do
  virtual void advance(clock::duration d) = 0;

 protected:
  ~participant() = default;
};

/// A port at which the test itself answers.
class server {
 public:
  bool waiting() const { return !queue_.empty(); }
  client accept();

 private:
  friend class connecting;
  std::deque<client> queue_;
};

/// All nodes of a test, and time.
class network {
 public:
  network() = default;
  network(const network&) = delete;
  network& operator=(const network&) = delete;

  clock::time_point now() const { return now_; }

  /// Works until nobody has anything to do. Fails loudly (an exception) when that does not end: a busy
  /// loop in a node is a bug.
  void run();
  /// Moves time, from one timer to the next, running in between.
  void advance(clock::duration d);
  /// From now on every read and write moves a random number of bytes (at least one), and ready sockets
  /// are served in random order.
  void disturb(std::uint64_t seed) { random_.emplace(seed); }

  /// Connects to a node's listener at `host:port`.
  client dial(const std::string& where);
  /// Whether something listens there.
  bool listening(const std::string& where) const;
  /// Answers at `host:port` in the test's own name.
  server& serve(const std::string& where) { return servers_[where]; }
  /// Connects to there never end.
  void swallow(const std::string& where) { black_holes_.insert(where); }
  /// Sockets for datagrams, those of the test too: `port`.
  datagram_space& datagrams() { return datagrams_; }
  /// What a look-up of this name finds.
  void name(const std::string& host, std::vector<std::string> addresses) { names_[host] = std::move(addresses); }
  /// No interface has this address (a host without a port), or one has it again: nobody can listen there.
  void without(const std::string& host) { missing_.insert(host); }
  void with(const std::string& host) { missing_.erase(host); }
  /// Breaks every connection that nodes have made to `where`, as a reset on the way does; how many.
  std::size_t cut(const std::string& where);
  /// From where the last connection that a node has made to `where`, and that is there, comes; empty: none.
  std::string connected_from(const std::string& where) const;
  /// Called after each round of steps, so between any two events of a node.
  void observe(std::function<void()> f) { observer_ = std::move(f); }
  /// The next accepts of every node fail for want of descriptors.
  void out_of_descriptors(bool yes) { out_of_descriptors_ = yes; }

  void join(participant& p) { participants_.push_back(&p); }
  void leave(participant& p) { std::erase(participants_, &p); }

 private:
  friend class reactor;
  friend class stream;
  friend class acceptor;
  friend class connecting;
  friend class node_datagrams;
  friend class lookup;

  /// What a look-up finds; nothing: it never ends.
  std::optional<result<std::vector<ip_endpoint>>> answer(const endpoint& host) const;
  /// What one call moves at most.
  std::size_t portion(std::size_t wanted);
  bool step();
  std::optional<clock::time_point> next_timer() const;

  clock::time_point now_{std::chrono::hours{1}};
  std::vector<participant*> participants_;
  std::vector<reactor*> reactors_;
  std::map<std::string, class acceptor*> acceptors_;
  std::map<std::string, server> servers_;
  std::set<std::string> black_holes_;
  std::set<std::string> missing_;
  datagram_space datagrams_;
  std::map<std::string, std::vector<std::string>> names_;
  std::optional<std::mt19937_64> random_;
  bool out_of_descriptors_ = false;
  std::function<void()> observer_;
  std::uint16_t next_port_ = 40'000;
};

/// The socket thread of one node in that network.
class reactor final : public net::reactor {
 public:
  explicit reactor(network& net);
  ~reactor() override;

  result<net::acceptor_ptr> listen(const endpoint& at, net::acceptor_events& owner) override;
  result<net::acceptor_ptr> reserve(const endpoint& at, net::acceptor_events& owner) override;
  result<net::acceptor_ptr> listen_unix(const std::string& path, unsigned mode, net::acceptor_events& owner) override;
  net::connecting_ptr connect(const endpoint& to, std::chrono::milliseconds timeout, connected done) override;
  net::connecting_ptr connect_unix(const std::string& path, std::chrono::milliseconds timeout, connected done) override;
  net::connecting_ptr resolve(const endpoint& host, std::chrono::milliseconds timeout, resolved done) override;
  result<net::datagrams_ptr> open_datagrams(const endpoint& at) override;
  result<net::datagrams_ptr> open_datagrams_to(const ip_endpoint& peer) override;
  bool is_local(const ip_endpoint& address) override { return !address.v6 && address.ip[0] == 127; }
  clock::time_point now() const override { return net_.now(); }
  timer_queue::id after(std::chrono::milliseconds delay, std::function<void()> fire) override {
    return timers_.add(now() + delay, std::move(fire));
  }
  void cancel(timer_queue::id timer) override { timers_.cancel(timer); }
  void post(std::function<void()> f) override { posted_.push_back(std::move(f)); }
  void at_end_of_turn(std::function<void()> f) override { turn_ = std::move(f); }

  std::size_t timers() const { return timers_.size(); }
  std::size_t streams() const { return streams_.size(); }
  /// A stream of this node for which bytes lie there, in the order in which they were made.
  struct unread {
    std::string peer;
    std::size_t bytes = 0;  ///< that lie there
    std::uint64_t read = 0; ///< that were read before them
    bool wanted = false;    ///< its owner wants to read
  };
  std::vector<unread> unread_streams() const;

 private:
  friend class network;
  friend class stream;
  friend class acceptor;
  friend class connecting;
  friend class node_datagrams;
  friend class lookup;

  bool step();
  result<net::acceptor_ptr> take_port(const endpoint& at, bool open, net::acceptor_events& owner);
  /// Why nobody can listen there; nothing when it can be.
  std::optional<error> missing(const endpoint& at) const;
  template <class Socket>
  bool serve_one(std::vector<Socket*>& sockets, std::size_t& next);
  void end_turn() {
    if (turn_)
      turn_();
  }

  network& net_;
  timer_queue timers_;
  std::deque<std::function<void()>> posted_;
  std::vector<class stream*> streams_;
  std::vector<node_datagrams*> datagrams_;
  std::size_t next_stream_ = 0;
  std::size_t next_datagrams_ = 0;
  std::function<void()> turn_;
};

} // namespace ockam::sim
