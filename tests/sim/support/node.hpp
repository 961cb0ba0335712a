// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/control/control.hpp"
#include "runtime/links/live_parts.hpp"
#include "runtime/node/reload.hpp"
#include "sim/support/network.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ockam::channels {
class node_identity;
}

namespace ockam::sim {

/// A node of the simulated network: the real switchboard, worker hosts, services and transports, with
/// CAF's testing scheduler and multiplexer in place of threads. Everything happens inside
/// `network::run` and `network::advance`.
class node {
 public:
  explicit node(network& net, std::string name = "n1", limits limit = {});
  /// One that starts as `config` says; `failures` tells what could not begin.
  /// `own`: who it is; null: nobody.
  node(network& net, const node_config& config, std::span<const service_type> services,
       std::shared_ptr<channels::node_identity> own = nullptr);
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  switchboard& board();
  ockam::workers& workers();
  transport& tcp();
  transport& over(std::string_view transport_name);
  sim::reactor& reactor();
  memory& budget();
  /// For whom it connects; may be changed before the first message.
  routing_config& routing();
  dialer& dial();
  /// Connections that outlive their links.
  connector& lasting();
  /// What control works with.
  live_parts parts();
  const node_context& context();
  std::size_t connections();
  std::uint64_t lost();
  /// Those of the configuration.
  std::vector<listener_info> listeners();
  const std::vector<reloader::failure>& failures() const;
  reloader& reloading();
  /// Puts another configuration into effect, and says what could not begin.
  std::vector<reloader::failure> reload(node_config fresh);

  /// Its identities are read again, as at SIGHUP.
  void refresh_identities();

  /// Lets nothing new in, and counts how often it is told that nothing is under way any more.
  stop_notice drain(std::optional<std::chrono::milliseconds> grace = {});
  int drained() const;

  /// Keeps spans of traces from now on; those that have ended since the last look, as they ended.
  void keep_spans(double sample = 1);
  std::vector<span> spans();

  /// Starts a service by name, as the configuration does.
  void start(std::string_view type, std::string where = {});
  /// Starts a worker of the test's own at `where`, which everybody may reach.
  void start(const std::string& where, std::unique_ptr<worker> w, worker_thread thread = worker_thread::socket);
  /// Opens a listener at `address` (port 0: a free one) and gives `host:port`.
  std::string listen(const std::string& address = "127.0.0.1:0", const std::vector<std::string>& allow = {},
                     std::string_view transport_name = "tcp");
  /// Connects, working until it is up. The address of the link.
  result<address> connect(const std::string& to, connect_options o = {}, std::string_view transport_name = "tcp");
  /// The only link of this node.
  link_info link();
  /// Sends from a local worker at `from` (which need not exist).
  void send(const route& onward, std::string_view body, const std::string& from = "test", bool report = false);
  /// Whether workers on the pool get to run: without, it is as if each were busy.
  void pool_runs(bool yes);
  /// Stops in the order in which a node stops; done by the destructor if not before.
  void stop();

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

/// A worker that keeps what it gets.
class mailbox final : public worker {
 public:
  void on_message(message_ptr m) override { got.push_back(std::move(m)); }
  std::vector<message_ptr> got;
};

} // namespace ockam::sim
