// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/config.hpp"
#include "runtime/links/connector.hpp"
#include "runtime/links/transport_set.hpp"
#include "runtime/core/backoff.hpp"
#include "runtime/core/log.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace ockam {

/// Takes the messages whose next hop is the address of another node (`1#10.0.0.2:4000`) and sends each
/// through a link to there: the connection that the operator has configured, a link made for an earlier
/// message, or a new one. This is what makes routes of any number of transport hops possible.
///
///     (none) ──message──▶ dialling ──▶ up ──no traffic for `dial_idle`──▶ (none)
///        ▲                   └─error──▶ failed: messages are refused until the next try is due
///        └──────────────────────────────┘
///
/// Who may: messages of this node's own workers always; those that came in from a peer by way of a hop, as
/// `dial_policy` says; those straight from a link never, since a hop is how an operator lets others through.
/// Everything is bounded: links, dials under way, messages that wait for one (in bytes, in each sender's
/// part of them, and in time, by the connect timeout), and what is remembered of peers that failed.
///
/// A worker that begins a message (it is the only return address) may get answers through the link that
/// the message left by (docs/protocol.md, Flow control ids). Socket thread only.
class dialer final : public receiver {
 public:
  /// Becomes the switchboard's taker of foreign hops. Everything lives longer than this. Equal seeds give
  /// equal retries.
  dialer(const node_context& context, const routing_config& routing, connector& connections, const transport_set& transports,
         std::uint32_t seed);
  ~dialer();

  void receive(message_ptr m) override;
  void failed(std::string_view what) noexcept override;

  /// Whether `[routing] dial` lets others use this node to send to there.
  bool allows(address_view peer) const;
  /// Whether a connect to there is under way.
  bool dialling(address_view peer) const;
  /// Links that were made here and are up now.
  std::size_t links() const noexcept;
  /// Drops what waits, and makes nothing new; for the end of the node, before its transports stop.
  void stop();

 private:
  /// Messages that wait for one link, in bytes; a first one always may.
  static constexpr std::size_t max_waiting = 1u << 20;
  static constexpr std::size_t max_dials = 16;
  /// Peers that failed and are remembered.
  static constexpr std::size_t max_failed = 256;

  using clock = net::reactor::clock;
  struct destination;
  using table = std::unordered_map<address, std::unique_ptr<destination>, address_hash, address_equal>;

  void pass(message_ptr m, const address& link);
  void refuse(message_ptr m, drop_reason why, std::string_view detail);
  /// A new or a failed one, to be dialled now; null with a reason when there are too many.
  destination* admit(const address& peer, std::string& why_not);
  void dial(destination& d);
  void up(destination& d, const link_info& l);
  void down(destination& d, const error& e);
  void wait(destination& d, message_ptr m);
  bool make_room();
  void watch();
  void sweep();

  const node_context& context_;
  const routing_config& routing_;
  connector& connections_;
  const transport_set& transports_;
  std::uint32_t next_seed_;
  rate_limited_log refusals_;
  table table_;
  timer_queue::id sweep_timer_ = 0;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); ///< for connects that end later
};

} // namespace ockam
