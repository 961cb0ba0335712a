// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/address.hpp"
#include "runtime/core/error.hpp"
#include "runtime/workers/node_context.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace caf {
class actor_system;
}

namespace ockam {

/// What has passed a link, or all links of something.
struct traffic {
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  drop_counters dropped;         ///< messages to it that were dropped
  std::uint64_t pauses = 0;      ///< times that reading stopped for want of budget

  traffic& operator+=(const traffic& more) noexcept {
    messages_in += more.messages_in;
    messages_out += more.messages_out;
    bytes_in += more.bytes_in;
    bytes_out += more.bytes_out;
    dropped += more.dropped;
    pauses += more.pauses;
    return *this;
  }
};

/// A listener as `list` and `show` print it.
struct listener_info {
  std::string transport;
  std::string name;            ///< of its section in the configuration; empty: made at the prompt
  std::string socket_address;
  std::string address;         ///< `0#` and 32 hex digits
  std::string flow_control_id;
  std::uint32_t flow = 0;      ///< the same id inside the node
  bool services = false;       ///< its peers may reach the node's services
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::size_t connections = 0; ///< open now
  traffic carried = {};        ///< by the connections that it has let in, those that have ended too
};

/// A link as `list` and `show` print it.
struct link_info : traffic {
  std::string transport;
  bool outgoing = false;
  std::string socket_address;  ///< of the peer
  std::string worker_address;  ///< where to send to: the first hop of routes through this link
  std::string link_address;    ///< of the link worker itself, where it goes by an alias
  std::string flow_control_id;
  std::string state;           ///< connecting | handshake | up | waiting
  std::size_t pending_bytes = 0; ///< let in and still living here
  std::size_t queued_bytes = 0;  ///< waiting to be written
  std::string peer;              ///< caf: name of the node at the other end
  std::string identity;          ///< who the other end has proved to be (`net::stream::identity`)
  std::size_t peers = 0;         ///< udp: addresses that were heard of lately
  std::uint64_t refusals = 0;    ///< udp: times that the network said that something could not be delivered
  // Of a connection that outlives its links (`connector`); the figures above are then those of all of them.
  bool lasting = false;
  std::uint64_t attempts = 0;    ///< connects that were begun
  std::uint64_t reconnects = 0;  ///< times that it came up again
  std::string last_error;        ///< why the last link ended or the last attempt failed
  std::chrono::milliseconds next_retry{0}; ///< from now, while waiting
  std::chrono::milliseconds since{0};      ///< how long it has been in this state
};

/// The order of lists: outgoing ones first, then by the peer's address.
inline bool listed_before(const link_info& l, const link_info& r) {
  return std::tie(r.outgoing, l.socket_address, l.worker_address) < std::tie(l.outgoing, r.socket_address, r.worker_address);
}

/// Keys of a section, or options of a request, that only one transport knows.
using transport_options = std::map<std::string, std::string>;

/// What `listen` may be told beside the address.
struct listen_options {
  std::vector<std::string> allow; ///< workers that peers may reach through this listener; `services`
  transport_options extra = {};
  /// `listener_info::flow` of another one that this is to follow, or has followed (`retire_listener`): shares its links
  /// with it, which keep what they may reach until `admit` says it for both; `allow` counts for nothing. 0: none.
  std::uint32_t heir_of = 0;
  std::string name = {};          ///< of its section
};

/// What is on its way to the peers of a transport.
struct output_state {
  bool moves = false;    ///< something has yet to reach a peer that takes what it gets
  std::size_t stuck = 0; ///< bytes for peers that take nothing
};

/// What `connect` may be told beside the endpoint.
struct connect_options {
  /// The name that routes know the link by, for a connection that outlives its links: the link writes it
  /// into return routes and reports in place of its own address, and the caller enters it into the
  /// switchboard. Empty: the link's own address, 32 random hex digits.
  std::string alias = {};
  std::vector<std::string> allow = {};     ///< workers that the peer may reach through this link
  std::chrono::milliseconds timeout{10'000};
  transport_options extra = {};
  /// For transports whose connections have the key `proxy`: its value, where `extra` has none. Others go straight.
  std::string proxy = {};
  std::uint32_t producer = 0;              ///< flow control id of what comes in, kept by the caller; 0: a new one
  /// Called once when a link that was up has ended, with its last figures and why (empty: closed from here).
  std::function<void(const link_info& last, const std::string& why)> on_end = {};
};

/// What a transport works with. Lives as long as the node.
struct transport_context {
  const node_context& node;
  std::function<bool()> may_accept; ///< counts the connections of all listeners against max-connections
  std::size_t& connections;         ///< open links of all transports
  caf::actor_system* actors = nullptr; ///< for transports whose links are CAF actors on the wire as well
  /// Whether the node's operator lets others send to this address of another node (`[routing] dial`): for
  /// transports that reach anybody without a connection. Null: nobody.
  std::function<bool(address_view)> may_send_to = {};
};

/// One way for messages to leave and enter a node. All transports have the same surface; control and the
/// node know them only by it. Socket thread only.
class transport {
 public:
  using opened = std::function<void(result<listener_info>)>;
  using connected = std::function<void(result<link_info>)>;

  virtual ~transport() = default;
  virtual std::string_view name() const = 0;
  /// Of the addresses in routes that stand for peers of this transport.
  virtual transport_type type() const = 0;

  /// Opens a listener; `done` is called once, maybe at once. Errors: `invalid_address`,
  /// `invalid_argument` (an option), `address_in_use`, `permission_denied`, `already_exists`.
  virtual void listen(const std::string& address, listen_options o, opened done) = 0;
  /// Connects; `done` is called once, when the link can carry messages. Errors: `invalid_address`,
  /// `unreachable`, `timed_out`, `malformed` (not our protocol).
  virtual void connect(const std::string& address, connect_options o, connected done) = 0;

  /// From now on the peers of this listener may reach these workers and no others, those that are connected already
  /// as well. By socket address or by the listener's address. Error: `not_found`.
  virtual result<void> admit(std::string_view listener, const std::vector<std::string>& allow) = 0;

  virtual std::vector<listener_info> listeners() const = 0;
  virtual std::vector<link_info> links() const = 0;
  /// By the link's own address; nothing when there is none.
  virtual std::optional<link_info> find_link(address_view link) const = 0;
  /// By socket address or by the listener's address. Links that it has let in stay, and may reach nothing more than
  /// answers are sent to. Error: `not_found`.
  virtual result<void> close_listener(std::string_view which) = 0;
  /// The same for one that another one follows (`listen_options::heir_of`): its links keep what they may reach. No
  /// effect when there is none.
  virtual void retire_listener(std::string_view which) = 0;
  /// None follows after all.
  virtual void forsake_links(std::uint32_t flow) = 0;
  /// Lets nobody in any more; links, and listeners that answers leave by, stay with all that they may reach.
  virtual void close_doors() = 0;
  virtual output_state output() = 0;
  /// By the link's own address, or by the peer's socket address (the first that matches). Error: `not_found`.
  virtual result<void> close_link(std::string_view which) = 0;
  /// The operator says that the world may have changed: names are looked up anew where links do not notice a move of
  /// their peer by themselves, and files that were read, as certificates, are looked at before they are used again.
  virtual void look_again() {}
  /// Closes listeners first, then links: nothing new comes in between.
  virtual void stop() = 0;
};

/// `main` wires the parts: the node gets transports as data.
using transport_factory = std::unique_ptr<transport> (*)(transport_context);

} // namespace ockam
