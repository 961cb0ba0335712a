// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"
#include "runtime/core/log.hpp"
#include "runtime/links/transport.hpp"
#include "transports/udp/udp_names.hpp"
#include "transports/udp/udp_options.hpp"
#include "transports/udp/udp_outbox.hpp"
#include "transports/udp/udp_reassembly.hpp"
#include "transports/udp/udp_whereabouts.hpp"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ockam {

/// What links share: the transport that made them. Socket thread only.
struct udp_environment {
  transport_context context;
  rate_limited_log hostile; ///< lines about bad input
  std::vector<std::byte> scratch = std::vector<std::byte>(256u << 10); ///< where every link receives to
  std::array<net::datagrams::inbound, 64> inbound{};

  switchboard& board() const { return context.node.board; }
  net::reactor& reactor() const { return context.node.reactor; }
  const limits& limit() const { return context.node.limits; }
};

/// A UDP socket in Ockam's wire format (docs/protocol.md, UDP routes), as a worker. It either has a fixed
/// peer or not:
///
///                        fixed peer                     no peer (a listener)
///     sent to it         [link, rest…]: takes off       [link, 2#ip:port, rest…]: takes off both
///     comes in           [link] in front of the         [link, 2#source] in front of the
///                        return route                   return route
///
/// What peers cause to be sent goes to who was heard from lately, and where the operator lets it go (`[routing]
/// dial`): a reachable hop makes no proxy of a listener. This node's own workers send to anybody.
///
/// UDP has no back-pressure: what comes in over the budget is dropped and counted, what cannot go out
/// waits up to `high_water` bytes and is then dropped as congested. What the network says about earlier
/// datagrams (ICMP) is counted and shown; the link goes on, and follows its peer's name (`udp_whereabouts`). A listener at all
/// addresses of this host answers from the one that was asked: peers with a fixed peer of their own hear nothing else.
/// Socket thread only.
class udp_link final : public worker, private net::stream_events, private flushable, private peer_book {
 public:
  using ended = std::function<void(udp_link&, const std::string& why)>;

  /// A fixed peer, and the name that it was looked up by.
  struct fixed_peer {
    endpoint name;
    ip_endpoint at;
  };

  /// `name`: what routes know it by; empty: its own address. `peer`: none for a listener.
  udp_link(udp_environment& env, net::datagrams_ptr s, const std::optional<fixed_peer>& peer, std::string remote,
           std::string name, message_source source, udp_options o, ended on_end);
  ~udp_link() override;

  void on_start() override;
  void on_message(message_ptr m) override;
  void on_stop() noexcept override;

  message_source source() const noexcept { return source_; }
  /// What it admits as a listener has changed: from now on it has this shared id (0: none).
  void share(std::uint32_t flow) noexcept { source_.shared = flow; }
  bool listens() const noexcept { return !peer_; }
  std::size_t peers() const noexcept { return reassembly_.peers(); }
  /// Without a peer, the local address.
  const std::string& remote() const noexcept { return remote_; }
  /// Names may have other addresses than before.
  void look_again();
  std::string local() const { return socket_ ? socket_->local() : std::string{}; }
  link_info info() const;

 private:
  static constexpr std::size_t high_water = 256u << 10;
  /// What goes out in one go, before other sockets get their turn; a receiver's buffer takes about as much.
  static constexpr std::size_t burst = 64u << 10;
  /// Room for each, so that a peer with larger datagrams than ours is understood too.
  static constexpr std::size_t least_room = 2048;
  static constexpr std::chrono::milliseconds sweep_period{1'000};

  // receiving
  void on_readable() override;
  void take(const net::datagrams::inbound& in, std::span<const std::byte> datagram);
  bool has_room() const;
  bool from_itself(const ip_endpoint& from) const;
  void look_for_proof(const ip_endpoint& from, route_header& h);
  void accept(const ip_endpoint& from, udp_reassembly::outcome whole);
  /// Where it came from, and by what way.
  void take_in(message& m, const ip_endpoint& from, bool foreign);
  void tell_too_large(const ip_endpoint& from, const udp_passing::ends& of);
  void refuse(refusal why, const ip_endpoint& from, std::string_view what);
  void count_lost();
  void sweep();

  /// Whether it has been heard of in the last five minutes, and is not displaced by a flood.
  bool knows(address_view peer) const override;

  // sending
  void on_writable() override { write_out(); }
  void flush() override { write_out(); }
  bool may_go(const message& m, const std::optional<ip_endpoint>& to);
  void send(message_ptr m, std::optional<ip_endpoint> to);
  void write_out();
  void network_says(int err);
  void use(net::datagrams_ptr s);
  void move_to(const ip_endpoint& peer);
  void check_stall();
  void keep_alive();
  void give_up_first(drop_reason why, std::string_view detail);
  /// `to` was taken off the route already.
  void undeliverable(message_ptr m, const std::optional<ip_endpoint>& to, drop_reason why, std::string_view detail);
  void close(const std::string& why);

  switchboard& board() const { return env_.board(); }
  net::reactor& reactor() const { return env_.reactor(); }

  udp_environment& env_;
  net::datagrams_ptr socket_; ///< null: closed
  std::optional<ip_endpoint> peer_;
  std::optional<ip_endpoint> bound_; ///< where it receives; an address of zeros: at any of the machine's
  std::string remote_;
  address name_;
  message_source source_;
  udp_options options_;
  ended on_end_;
  ledger::owner ledger_;
  udp_reassembly reassembly_;
  udp_outbox outbox_;
  udp_names names_;
  std::optional<udp_whereabouts> whereabouts_; ///< of the fixed peer
  std::size_t room_;          ///< for each datagram that comes in
  std::uint16_t next_number_; ///< of the next message; shared by all peers of the socket
  net::reactor::clock::time_point progress_{};
  timer_queue::id sweep_timer_ = 0;
  timer_queue::id stall_timer_ = 0;
  timer_queue::id keep_alive_timer_ = 0;
  traffic carried_; ///< but for what goes out, which `outbox_` counts
  std::uint64_t refusals_ = 0;
  std::string last_error_;
};

} // namespace ockam
