// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/udp/udp_link.hpp"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace ockam {

/// UDP in Ockam's wire format (docs/protocol.md, UDP datagrams). A listener is a link without a peer, a
/// connection one with a fixed peer; both are known here by their address and owned by their actors. A
/// connection is up as soon as its peer's name has an address: UDP does not say whether somebody is there.
/// Its options are those of `udp_options`. Socket thread only.
class udp_transport final : public transport {
 public:
  explicit udp_transport(transport_context context);
  ~udp_transport() override;

  std::string_view name() const override { return "udp"; }
  transport_type type() const override { return transport_type::udp; }
  void listen(const std::string& address, listen_options o, opened done) override;
  void connect(const std::string& address, connect_options o, connected done) override;
  result<void> admit(std::string_view listener, const std::vector<std::string>& allow) override;
  std::vector<listener_info> listeners() const override;
  std::vector<link_info> links() const override;
  std::optional<link_info> find_link(address_view link) const override;
  result<void> close_listener(std::string_view which) override;
  /// A listener is its only link.
  void retire_listener(std::string_view which) override { (void)close_listener(which); }
  void forsake_links(std::uint32_t) override {}
  /// Answers leave by the sockets that listen.
  void close_doors() override {}
  output_state output() override;
  result<void> close_link(std::string_view which) override;
  void look_again() override;
  void stop() override;

 private:
  struct attempt;
  using options_ptr = std::shared_ptr<const connect_options>;

  void resolved(attempt& a, result<std::vector<ip_endpoint>> found);
  result<udp_link*> start_link(net::datagrams_ptr s, const address& at, const std::optional<udp_link::fixed_peer>& peer,
                               std::string remote, message_source source, const udp_options& o, options_ptr options);
  result<udp_link*> find_listener(std::string_view which) const;
  void admit(udp_link& listener, const std::vector<std::string>& allow);
  void drop_flows(message_source source, const options_ptr& options);
  void link_ended(udp_link& l, const options_ptr& options, const std::string& why);
  void close(udp_link& l);
  listener_info listener_of(const udp_link& l) const;
  link_info info_of(const udp_link& l) const;

  udp_environment env_;
  std::unordered_map<address, udp_link*, address_hash, address_equal> links_;
  std::unordered_map<std::uint64_t, std::shared_ptr<attempt>> attempts_;
  std::unordered_map<std::uint32_t, std::string> section_names_; ///< of listeners, by their flow control ids
  std::uint64_t last_attempt_ = 0;
};

} // namespace ockam
