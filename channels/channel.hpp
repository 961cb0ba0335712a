// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/environment.hpp"
#include "channels/incoming.hpp"
#include "channels/origin.hpp"
#include "channels/outgoing.hpp"
#include "identity/channel_message.hpp"
#include "runtime/workers/worker.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ockam::channels {

enum class role : std::uint8_t { initiator, responder };

/// What all channels have in common that one listener or one session makes.
struct terms {
  environment_ptr env;
  identity_ptr own = {}; ///< who this node is in them
  identities::requirements wanted = {}; ///< who may be at the other end
  std::vector<identities::credential> shown = {}; ///< to the other end, in place of what the identity has; empty: that
  std::uint32_t spawner = 0; ///< flow control id of the listener; 0: of none
  std::uint32_t shared = 0;  ///< `well_known_flows` that what comes out has as well; 0: none
  std::chrono::milliseconds patience{10'000}; ///< for a handshake
  std::string listener = {};  ///< its name; empty: of none
};

/// Told by a channel, on the socket thread. Its owner may end the channel in it, and takes them back when it ends first.
struct channel_events {
  std::function<void()> up = {};                   ///< once: the other end has proved who it is, and takes messages
  std::function<void(const error& why)> ended = {}; ///< once, before its addresses go
};

/// One end of a secure channel: the worker that encrypts, opens and, before that, shakes hands. It has two addresses, as
/// in the reference:
///
///     D  the decryptor, its own: what the other end sends comes here. Nobody learns it but the other end
///     E  the encryptor, an alias: what workers of this node send into the channel. It is the channel's name, and its owner
///        moves it from one channel to the next when the channel is made anew
///
///     app ──▶ E ─ sealed ─▶ route to the other end's D ══ hops, relays, links ══▶ D' ─ opened ─▶ service
///     app ◀─ opened ─ D ◀══════════════════════════════════════════ sealed ─ E' ◀── service
///
/// The path of a message. At E, the first address is taken off; the rest of the onward route, the return route and the
/// payload are sealed into one block and leave as a message of this worker without a return route. At D, a message is
/// opened into a block of its own, which the payload stays in; E is put in front of its return route, so that answers come
/// back through the channel; and it is let in as if by a link (`provenance`): with the channel's own flow control id,
/// that of its listener, and the identifier of the other end, which only this class writes and nothing on the network can.
/// The credit of a message goes with it, so whoever fills the way out waits, as without a channel.
///
///     initiator:  handshake ──m2 opens──▶ open ──heard, or not of this implementation──▶ up ──▶ ended
///     responder:  handshake ──m3 opens──▶ open, up ──▶ ended
///         └── too many messages that do not open, the time is over, a peer whom we do not take ──▶ ended
///
/// How it ends: its owner stops it, and the other end is told (Close); the other end says so; or, between nodes of this
/// implementation, nothing is heard for a while though pings ask for it. A responder whose other end sends no pings ends when
/// nothing was heard for an hour, since that may be gone for good. Nothing is ever sent about a failure.
///
/// What steps of the handshake cost is done on other threads (`crew`), one message at a time; what comes meanwhile waits
/// here. Small messages are sealed and opened here, a few microseconds each, and large ones on other threads as well, all of
/// them in order (`outgoing`, `incoming`). Socket thread only.
class channel final : public worker, private incoming::owner {
 public:
  /// One that begins, by this way: it ends at a listener.
  channel(terms t, std::uint32_t flow, route way);
  /// One that has taken m1 and answers `m2`, back the way that `m1` came.
  channel(terms t, std::uint32_t flow, identities::handshake h, const message& m1, origin whose);
  ~channel() override;

  /// The alias E is `a` from now on.
  void encryptor(const address& a);
  const address& encryptor() const noexcept { return encryptor_; }
  channel_events events;

  role as() const noexcept { return role_; }
  bool is_open() const noexcept { return phase_ == phase::open; }
  /// Of the other end; null while it is not open.
  const identities::identity* peer() const noexcept { return peer_ ? &peer_->who : nullptr; }
  /// The way to the other end's decryptor.
  const route& way() const noexcept { return to_; }
  std::uint32_t flow() const noexcept { return flow_; }
  std::uint64_t sent() const noexcept { return sent_; }
  std::uint64_t received() const noexcept { return received_; }
  std::uint64_t not_opened() const noexcept { return not_opened_; }
  const address& decryptor() const { return self(); }
  /// m2 leaves; once, when it has its address.
  void answer(identities::bytes m2, message_ptr m1);
  /// Who this node is in it.
  const identity_ptr& own() const noexcept { return terms_.own; }
  /// What issuers say of the other end, as far as it counts.
  std::span<const identities::verified_credential> credentials() const noexcept {
    return peer_ ? std::span<const identities::verified_credential>{peer_->credentials} : std::span<const identities::verified_credential>{};
  }
  /// Tells the other end of another key, or another credential, of this one.
  void say_anew(const node_identity::news& what);
  /// How long nothing was heard of the other end.
  std::chrono::nanoseconds silent() const { return reactor().now() - heard_; }
  /// Its other end is taken to be there though nothing is heard of it, and may be gone all the same.
  bool may_be_dead() const { return !pings_ && silent() >= silence; }
  /// Ends it from here: its owner is told, and the other end.
  void end(error why);

 private:
  enum class phase : std::uint8_t { handshake, open, ended };
  struct step;
  struct said_anew;

  /// Messages that do not open, before the handshake is given up: anybody may send some to its address.
  static constexpr unsigned most_attempts = 16;
  /// Messages that wait for a step, or for the owner of E.
  static constexpr std::size_t most_waiting = 1024;
  /// After so long without a word of the other end an initiator asks it, and again each `ask_again`; when so many were not
  /// answered it gives the channel up, 4.1 s after the last word. So an idle channel costs a question and an answer each
  /// two seconds, one that is used none at all, and a dead one is made anew within 5 s, over any way whose round trip takes under 2 s.
  static constexpr std::chrono::milliseconds quiet{2'000};
  static constexpr std::chrono::milliseconds ask_again{700};
  static constexpr unsigned most_unanswered = 3;
  /// When a responder gives up an initiator that pings, or one whose link is gone.
  static constexpr std::chrono::milliseconds silence{60'000};
  /// The same of an initiator that sends no pings: it may just have nothing to say, but not for ever.
  static constexpr std::chrono::milliseconds longest_silence{3'600'000};

  void on_start() override;
  void on_message(message_ptr m) override;
  void on_timer(std::uint64_t timer) override;
  void on_stop() noexcept override;

  // the handshake
  void begin();
  void on_handshake(message_ptr m);
  void take(std::shared_ptr<step> s, std::function<void(step&)> work);
  void stepped(step& s);
  void on_report(const report& r);
  void open(step& s);
  void take_waiting();
  void is_up();

  void failed(step& s);
  void look_around();
  void look_in(std::chrono::nanoseconds delay);

  // messages
  void seal(message_ptr m);
  void send_plain(identities::bytes_view plaintext);
  void send_ping(std::byte kind);
  void can_seal_no_more(error why);
  void opened(opened_message m) override;
  void not_opened(message_ptr m, std::string_view reason, const std::string& line) override { refuse(std::move(m), reason, line); }
  void let_in(message_ptr inner, std::unique_ptr<std::byte[]> block, std::size_t size,
              const identities::channel_message::for_worker& what);
  void on_refresh(identities::channel_message::refresh what, credit held);
  void check_refresh();
  void refreshed(result<identities::peer>& fresh);
  void refuse(message_ptr m, std::string_view reason, const std::string& line);
  void follow(const message& m);
  void aim(route to);
  std::uint64_t link_worker() const;
  void send_handshake(const identities::bytes& what, credit held);
  message_ptr fresh(bool with_return) const;

  net::reactor& reactor() const noexcept { return terms_.env->node.reactor; }
  switchboard& board() const noexcept { return terms_.env->node.board; }

  terms terms_;
  const role role_;
  const std::uint32_t flow_;
  address encryptor_;
  phase phase_ = phase::handshake;
  route to_;              ///< to the other end, or to its listener
  message_source source_; ///< of what comes out of the channel
  message_source link_;   ///< by which the other end's messages come; of a responder
  const origin whose_ = {}; ///< who has begun it, for the turns of handshakes; of an initiator this node
  bool pings_ = false;    ///< the other end answers pings
  bool up_ = false;
  bool closed_by_peer_ = false;

  std::optional<identities::handshake> handshake_; ///< none while a step is under way
  std::uint64_t timer_ = 0;
  hold_table held_up_{hold_table::over::pause}; ///< links whose messages wait: one of which much does reads nothing meanwhile
  std::deque<message_ptr> waiting_;
  unsigned attempts_ = 0;
  std::string last_failure_;

  std::shared_ptr<outgoing> out_; ///< null: not open yet
  std::shared_ptr<incoming> in_;
  std::optional<identities::peer> peer_;
  std::shared_ptr<said_anew> newest_; ///< what the other end says of itself anew; null: nothing waits to be checked
  bool checks_ = false;               ///< another thread has one before it
  std::uint64_t last_nonce_ = 0;
  std::uint64_t sent_ = 0, received_ = 0, not_opened_ = 0;
  net::reactor::clock::time_point heard_{};
  unsigned unanswered_ = 0;
  std::uint32_t leaves_by_ = 0; ///< flow control id of the link that the way begins with; 0: unknown
  std::uint64_t link_worker_ = 0; ///< what that was when the way was found
};

} // namespace ockam::channels
