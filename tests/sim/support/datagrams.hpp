// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/net/datagrams.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Datagrams in memory, for `network`: sockets of nodes and of the test, ports where nobody is, queues that
/// are full and senders that are blocked.
namespace ockam::sim {

class reactor;

struct datagram {
  ip_endpoint from;
  std::string bytes;
  std::optional<ip_endpoint> asked = {}; ///< where it was sent to, of a socket that is bound to all addresses
};

/// A socket. What does not fit its queue is lost, as in a kernel.
struct datagram_queue {
  ip_endpoint local;
  std::deque<datagram> arrived;
  std::size_t room = 4096;
  bool blocked = false;      ///< sends from here have to wait
  int pending_error = 0;     ///< what the network said about an earlier send
  int next_send_error = 0;   ///< the next send fails with it
};
using datagram_queue_ptr = std::shared_ptr<datagram_queue>;

/// All sockets of a network, by their address.
class datagram_space {
 public:
  /// Port 0: a free one. Null when it is taken.
  datagram_queue_ptr open(ip_endpoint at);
  void close(const ip_endpoint& at) { queues_.erase(to_string(at)); }
  datagram_queue_ptr find(const std::string& at) const;
  /// False: nobody is there, which the sender hears of. A socket at 0.0.0.0 gets what no other socket gets.
  bool deliver(const ip_endpoint& from, const ip_endpoint& to, std::string bytes);

 private:
  std::map<std::string, datagram_queue_ptr> queues_;
  std::uint16_t next_port_ = 50'000;
};

/// The test's own socket.
class port {
 public:
  port(datagram_space& space, const std::string& at);
  port(const port&) = delete;
  port& operator=(const port&) = delete;
  ~port() { space_.close(queue_->local); }

  std::string local() const { return to_string(queue_->local); }
  /// Sends as if from `from`, when that is given: anybody can.
  void send(const std::string& to, std::string_view bytes, const std::string& from = {});
  /// All that has come in, taken out.
  std::vector<datagram> receive();

 private:
  datagram_space& space_;
  datagram_queue_ptr queue_;
};

/// A node's socket.
class node_datagrams final : public net::datagrams {
 public:
  node_datagrams(reactor& r, datagram_queue_ptr queue, std::optional<ip_endpoint> peer);
  ~node_datagrams() override;

  void attach(net::stream_events* owner) override { owner_ = owner; }
  net::io_result receive(std::span<std::byte> into, std::size_t stride, std::span<inbound> out) override;
  net::io_result send(std::span<const outbound> batch) override;
  void watch_read(bool on) override { reading_ = on; }
  void watch_write(bool on) override { writing_ = on; }
  std::string local() const override { return to_string(queue_->local); }

  bool readable() const { return reading_ && (!queue_->arrived.empty() || queue_->pending_error != 0); }
  bool writable() const { return writing_ && !queue_->blocked; }
  /// One event. It may be the end of this.
  void serve() { readable() ? owner_->on_readable() : owner_->on_writable(); }

 private:
  reactor& reactor_;
  datagram_queue_ptr queue_;
  std::optional<ip_endpoint> peer_;
  net::stream_events* owner_ = nullptr;
  bool reading_ = false;
  bool writing_ = false;
};

} // namespace ockam::sim
