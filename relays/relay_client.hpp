// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/backoff.hpp"
#include "runtime/links/facility.hpp"
#include "runtime/links/route_maker.hpp"
#include "runtime/links/settling.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// A relay by which others reach this node, as its section says it.
struct relay_config {
  std::string name;
  std::string at;            ///< route to the other node, as it is written
  route way;                 ///< the same, ready for messages: where it goes through channels it begins at the last one
  std::string relay_address; ///< the name there, behind `forward_to_`
  std::vector<std::string> allow; ///< workers that what comes through it may reach, where it has a connection or a channel of its own
  std::shared_ptr<route_channels> channels = {}; ///< that it goes through; null: none
};

/// How a relay of this node fares.
enum class relay_state : std::uint8_t {
  connecting, ///< nothing has failed since it began, or since it was up
  up,         ///< registered, and answering
  down        ///< the last attempt has failed, or it was lost; it is tried again
};

constexpr std::string_view to_string(relay_state s) noexcept {
  return s == relay_state::up ? "up" : s == relay_state::down ? "down" : "connecting";
}

/// What a relay's worker and whoever lists it know of it.
struct relay_status {
  std::string at; ///< route to the relay node, as it was given
  relay_state state = relay_state::connecting;
  net::reactor::clock::time_point since{}; ///< when that began
  std::string reason;                      ///< while it is not up: why; may be empty
  std::uint64_t registrations = 0;         ///< that have worked
  std::string connection;                  ///< its own one, by the name that routes have for it; empty: it has none
  // While it is up:
  std::string remote_address;  ///< forward_to_NAME
  route forwarding_route;      ///< from this node to there
  std::string flow_control_id; ///< of what comes through it

  bool has_failed = false;                    ///< since it began
  settling waiting;                           ///< told when it is settled

  bool is_settled() const noexcept { return state == relay_state::up || has_failed; }
};

/// Keeps one relay registered: asks the other node for it, and again whenever it may be gone.
///
///                link up                answer
///     connecting ───────▶ registering ────────▶ registered ──no pings come back──▶ connecting, by a new connection
///         ▲                 │     ▲                │    │
///         │      none, or a │     │ back-off       │    └──the pings come to another node──▶ taken over
///         │         refusal ▼     │                │
///         │                waiting ◀───the other node says that it has lost it
///         └── link lost, at any time
///
/// Where the route begins with the address of another node, it has a connection of its own, whose peer may reach what
/// `allow` says and the hops that were started by name; otherwise it goes the way that is named, under the rules of
/// that. Where the way goes through secure channels, these are its connection: each time the last one is up it registers, and when
/// the relay node does not answer any more that one is made anew.
///
/// Pings go to `echo` of the relay node, as in the reference: at once, then every 10 s, and three without an answer are
/// the end. Between nodes of this implementation every 2 s, two, and beside that a second ping goes through the relay
/// back to this worker: so it knows when another node has taken the name over. That one keeps it: the last registration
/// wins. When it goes, this one is back.
class relay_client final : public worker {
 public:
  /// `s` is of this configuration; `own_transport` is null where the route begins with a worker of this node.
  relay_client(const facility_context& context, relay_config c, transport* own_transport, std::shared_ptr<relay_status> s,
               std::uint32_t seed);
  ~relay_client() override;

  void on_start() override;
  void on_message(message_ptr m) override;
  void on_timer(std::uint64_t timer) override;
  void on_stop() noexcept override;

 private:
  /// What is sent again and again until it comes back.
  struct ping {
    std::uint64_t number = 0;
    unsigned unanswered = 0;
  };
  enum class phase : std::uint8_t { connecting, registering, waiting, registered, taken_over };

  void connect();
  void watch_channels();
  void disconnect();
  bool has_connection() const;
  void lost(const std::string& why);
  void register_now();
  /// `forwarding` ends with the address of the relay.
  void registered(route forwarding, bool by_another_implementation);
  void failed(const std::string& why);
  void on_report(const report& r);
  void on_ping(std::uint64_t number);
  void send_pings();
  void not_answered();
  void send_to(const route& to, payload body);
  void taken_over(const std::string& why);
  void enter(relay_state s, const std::string& why = {});
  void in(std::chrono::milliseconds delay);
  route beyond(std::string_view first, std::string_view second = {}) const;

  facility_context context_;
  relay_config config_;
  transport* transport_;
  std::shared_ptr<relay_status> status_;
  backoff retries_;
  phase phase_ = phase::connecting;
  bool both_ours_ = false; ///< the relay node is of this implementation
  std::string connection_; ///< its name; empty: none
  std::string remote_;     ///< address of the relay, from the last answer
  ping echo_, through_;
  std::uint64_t timer_ = 0; ///< until the next thing is due; there is one at a time
};

} // namespace ockam
