// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/endpoint.hpp"
#include "runtime/core/section.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ockam {

class transport;
struct transport_context;

/// One end of a transport in a configuration: its section `[NAME-listener …]` or `[NAME-connection …]`.
struct endpoint_descriptor {
  std::string_view about;                    ///< for help
  key_descriptor address;                    ///< the key `address`
  std::span<const key_descriptor> keys = {}; ///< those that only this transport has
};

/// The key `address` of transports over IP.
inline constexpr key_descriptor ip_listen_address{
  .name = "address", .about = "where to listen, a literal IP:PORT; port 0: the system chooses", .value = "ADDRESS",
  .required = true, .check = &checked_by<&parse_socket_address>};
inline constexpr key_descriptor ip_peer_address{
  .name = "address", .about = "where the other node listens", .value = "HOST:PORT", .required = true,
  .check = &checked_by<&parse_endpoint>};

/// A transport as configuration files, both programs and the reference know it. Data alone: the command line includes
/// it without the transport's code.
struct transport_descriptor {
  std::string_view name;    ///< tcp: of its sections and its commands
  std::string_view title;   ///< in text: TCP
  std::string_view type;    ///< in JSON: Tcp
  std::string_view example; ///< an address to listen at
  endpoint_descriptor listener;
  endpoint_descriptor connection;

  /// Addresses are paths of this host: the command line makes them absolute, since the node runs elsewhere.
  constexpr bool is_path() const { return listener.address.type == key_type::path; }
};

/// What each entry of the list of transports (list.hpp) has beside its `descriptor`.
struct transport_entry {
  /// Whether a listener or a connection could be opened as far as that can be told without opening it: its files
  /// are read, its keys have to fit together. The form of each value has been checked before.
  static result<void> check_listener(const std::string& /*address*/, const option_texts& /*options*/) { return {}; }
  static result<void> check_connection(const std::string& /*address*/, const option_texts& /*options*/) { return {}; }
  // static std::unique_ptr<transport> make(transport_context context);
};

} // namespace ockam
