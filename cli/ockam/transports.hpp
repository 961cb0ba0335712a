// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

namespace ockam::cli {

/// A transport as the command line knows it. A row here gives `NAME-listener` and `NAME-connection` their
/// commands, `node create` its `--NAME-listener-address`, and node configurations the keys
/// `NAME-listeners` and `NAME-connections`.
struct transport_family {
  std::string_view name;           ///< as in the node: tcp
  std::string_view title;          ///< in text: TCP
  std::string_view type;           ///< in JSON: Tcp
  std::string_view address;        ///< an example
  bool is_path = false;            ///< addresses are paths: made absolute here, the node runs elsewhere
};

inline constexpr std::array<transport_family, 5> transports{{
  {"tcp", "TCP", "Tcp", "127.0.0.1:4000"},
  {"udp", "UDP", "Udp", "127.0.0.1:4000"},
  {"uds", "UDS", "Uds", "/tmp/n1.sock", true},
  {"ws", "WebSocket", "WebSocket", "ws://127.0.0.1:4000"},
  {"caf", "CAF", "Caf", "127.0.0.1:5000"},
}};

} // namespace ockam::cli
