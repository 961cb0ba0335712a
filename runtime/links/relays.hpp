// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/config.hpp"
#include "runtime/links/connector.hpp"
#include "runtime/links/transport_set.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ockam {

/// How a relay of this node fares.
enum class relay_state : std::uint8_t {
  connecting, ///< nothing has failed since it began, or since it was up
  up,         ///< registered, and answering
  down        ///< the last attempt has failed, or it was lost; it is tried again
};

constexpr std::string_view to_string(relay_state s) noexcept {
  return s == relay_state::up ? "up" : s == relay_state::down ? "down" : "connecting";
}

/// A relay of this node, as `list` and `show` print it.
struct relay_info {
  std::string name;
  std::string at; ///< route to the relay node, as it was given
  relay_state state = relay_state::connecting;
  std::string last_error;             ///< while it is not up: why; may be empty
  std::chrono::milliseconds since{0}; ///< in this state
  std::uint64_t registrations = 0;    ///< that have worked
  // While it is up:
  std::string remote_address;  ///< forward_to_NAME
  route forwarding_route;      ///< from this node to there
  std::string worker_address;  ///< of the worker here that keeps it registered
  std::string flow_control_id; ///< of what comes through it
};

/// The relays by which others reach this node: names at other nodes that this node has asked for, and keeps.
/// Implemented in `relays/`; control, reload and the assembly know it by this surface. Socket thread only.
class relays {
 public:
  virtual ~relays() = default;

  /// Registers it, again and again, until it is removed. The relay node need not be there yet. Errors:
  /// `already_exists` (name), `invalid_argument`, `invalid_route`, `unsupported`.
  virtual result<void> add(const relay_config& c) = 0;
  /// Error: `not_found`.
  virtual result<void> remove(const std::string& name) = 0;
  /// By name.
  virtual std::vector<relay_info> list() const = 0;
  virtual std::optional<relay_info> find(const std::string& name) const = 0;
  /// Calls `done` once: when the relay is up, has failed for the first time or is removed, or after `timeout`. Maybe
  /// at once.
  virtual void when_settled(const std::string& name, std::chrono::milliseconds timeout, std::function<void()> done) = 0;
};

/// What they work with. Lives longer.
struct relays_context {
  const node_context& node;
  connector& connections;
  const transport_set& transports;
  const routing_config& routing;
};

/// `main` wires the parts: the node gets its relays as data.
using relays_factory = std::unique_ptr<relays> (*)(relays_context);

} // namespace ockam
