// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/stream/stream_link.hpp"

#include <unordered_map>
#include <unordered_set>

namespace ockam {

/// Links in Ockam's wire format over one kind of byte stream: listeners, connects, and the table of links.
/// Owns its listeners; links are owned by their actors and known here by address. Socket thread only.
class stream_transport final : public transport, private budget_waiter {
 public:
  stream_transport(stream_kind kind, transport_context context);
  ~stream_transport() override;

  std::string_view name() const override { return env_.kind.name; }
  transport_type type() const override { return env_.kind.type; }
  void listen(const std::string& address, listen_options o, opened done) override;
  void connect(const std::string& address, connect_options o, connected done) override;
  result<void> admit(std::string_view listener, const std::vector<std::string>& allow) override;
  std::vector<listener_info> listeners() const override;
  std::vector<link_info> links() const override;
  std::optional<link_info> find_link(address_view link) const override;
  result<void> close_listener(std::string_view which) override;
  void retire_listener(std::string_view which) override;
  void forsake_links(std::uint32_t flow) override { end_rights(flow); }
  void close_doors() override;
  output_state output() override;
  void look_again() override;
  result<void> close_link(std::string_view which) override;
  void stop() override;

 private:
  class listener;
  struct attempt;

  void budget_available(std::uint64_t ledger_id) noexcept override;
  using options_ptr = std::shared_ptr<const connect_options>;
  /// What a listener has let in: of both together, since the listener may be closed before its links, and
  /// another one may then lie at the same address in memory.
  struct guests {
    std::unordered_set<const stream_link*> links; ///< that are open
    traffic past;                                 ///< of those that have ended
  };
  using guest_list = std::shared_ptr<guests>;
  /// `its`: of the listener that accepted it, or null; `o`: what was asked for when this node connected.
  result<address> start_link(net::stream_ptr s, std::string remote, message_source source, guest_list its, options_ptr o,
                             stream_link::opened on_open);
  result<listener*> find_listener(std::string_view which) const;
  void admit(std::uint32_t flow, const std::vector<std::string>& allow);
  void end_rights(std::uint32_t flow);
  void link_ended(stream_link& l, const link_info& last, const guest_list& its);
  void drop_flow(message_source source, const connect_options* o);
  link_info info_of(const stream_link& l) const;
  void beat();

  stream_environment env_;
  std::unordered_map<address, stream_link*, address_hash, address_equal> links_;
  std::vector<std::unique_ptr<listener>> listeners_; ///< which tell the links what they admit, also at their end
  std::unordered_map<std::uint64_t, stream_link*> by_ledger_;
  std::unordered_map<std::uint64_t, std::shared_ptr<attempt>> attempts_;
  std::uint64_t last_attempt_ = 0;
  timer_queue::id heartbeat_timer_ = 0;
};

} // namespace ockam
