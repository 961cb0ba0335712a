// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/credit.hpp"
#include "runtime/core/log.hpp"
#include "runtime/workers/node_context.hpp"

#include <atomic>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

namespace ockam {

/// Whose a relay is, for limits: who it has proved to be, as it may have many channels; otherwise which link it has.
struct registrant {
  std::uint32_t flow = 0;     ///< of the link that the way leaves by; 0: it has proved who it is
  std::string peer = {};      ///< who that is; or of a socket with many peers, as that of a UDP listener: which one
  std::uint32_t listener = 0; ///< flow of the listener that let it in; of a connection of this node the same as `flow`
  auto operator<=>(const registrant&) const = default;
};

/// What a relay knows of the node that has asked for it.
struct registration {
  route way; ///< from here to that node
  std::uint32_t flow = 0; ///< of the link that the way leaves by
  registrant whose = {};
  std::shared_ptr<const std::string> identity = {}; ///< who its other end has proved to be; null: nobody
};

class relay_worker;

/// The relays of a node, by their addresses: shared by the service and its relays, which end on their own. Peers of one
/// listener leave room for those of others: a listener gets no more when it has fifteen times what would then be free.
/// Socket thread only.
class relay_registry {
 public:
  explicit relay_registry(const node_context& context) : log{context.limits.log_interval}, context_{context} {}

  relay_worker* find(const std::string& address) const;
  /// Whether one more may be there, of these, who may have it in place of `before`. Error: `limit_reached`, in words that
  /// name the key.
  result<void> has_room_for(const registrant& r, const registrant* before = nullptr) const;
  void add(relay_worker& r);
  /// The relay has another link now.
  void moved(const registrant& from, const registrant& to);
  void forget(const relay_worker& r);
  bool empty() const noexcept { return relays_.empty(); }
  /// Ends relays whose link is gone, or whose peer has been silent for as long as the link remembers peers; or all. The others look whether what they have passed on moves.
  void sweep();
  void end_all();
  /// Where what there is, and what all relays have passed on, can be read by others; nowhere: not any more.
  struct shown_counts {
    std::atomic<std::uint64_t>* relays = nullptr;
    std::atomic<std::uint64_t>* messages = nullptr;
    std::atomic<std::uint64_t>* bytes = nullptr; ///< of payloads
  };
  void show_at(shown_counts c) {
    shown_ = c;
    show_size();
  }
  /// A relay passes on a message of that many bytes.
  void passed(std::size_t bytes) noexcept {
    add(shown_.messages, 1);
    add(shown_.bytes, bytes);
  }

  rate_limited_log log;

 private:
  /// This thread alone writes them.
  static void add(std::atomic<std::uint64_t>* to, std::uint64_t n) noexcept {
    if (to)
      to->store(to->load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void show_size() noexcept {
    if (shown_.relays)
      shown_.relays->store(relays_.size(), std::memory_order_relaxed);
  }
  void end(relay_worker& r);
  void enter(const registrant& r);
  void leave(const registrant& r);

  const node_context& context_;
  std::map<std::string, relay_worker*> relays_;
  std::map<registrant, std::size_t> by_peer_;
  std::unordered_map<std::uint32_t, std::size_t> by_listener_;
  shown_counts shown_;
};

/// A relay: `forward_to_NAME`. Takes its address off the onward route and puts the way to the node behind it there; the
/// return route stays as it is, so answers do not come back this way. For these it lets the two links reach each other,
/// and nobody else: for each message the one that brought it and the one that takes it, in both directions. What
/// arrives behind the relay is under the flow control of the node there.
///
/// What it has passed on and what still waits here for the link behind is bounded (`max-relay-bytes`): over that, the links
/// that send to it read nothing until half of it has gone; what comes from who cannot wait is dropped, as is what is over twice as much. When next to
/// nothing of it goes for `write-timeout`, nobody waits any more, and all is dropped that is over the bound.
///
///     sender ══▶ link A ──▶ forward_to_NAME ──▶ link B ══▶ the node behind
///     sender ◀══ link A ◀──────────────────────── link B ◀══    answers
class relay_worker final : public worker {
 public:
  relay_worker(const node_context& context, std::shared_ptr<relay_registry> all, std::string address, registration r);

  const std::string& address_name() const noexcept { return address_; }
  const registration& now() const noexcept { return now_; }
  /// Whether the link to the node behind it is there.
  bool has_link() const;
  /// Stands for this node from now on.
  void take_over(registration r);
  /// What it has passed on and what still lives here.
  const std::shared_ptr<tally>& passing() const noexcept { return passing_; }
  /// Called about once a second. False: its node is not there any more.
  bool look_after();
  /// Answers a registration, with this relay as the return address.
  void confirm(message_ptr request) { reply_text(std::move(request), address_); }

  void on_message(message_ptr m) override;
  void on_stop() noexcept override;

 private:
  void let_answers_pass(const message& m);
  bool has_room_for(message& m);
  void say_full(std::string_view what_follows);
  void look_whether_it_moves();
  bool is_silent();

  const node_context& context_;
  std::shared_ptr<relay_registry> all_;
  const std::string address_;
  registration now_;
  std::shared_ptr<tally> passing_;
  bool stuck_ = false; ///< nothing goes: what is over the bound is dropped
  net::reactor::clock::time_point full_since_{}; ///< or since something went; 0: it holds up nobody
  std::uint64_t had_left_ = 0;                   ///< at that time
  net::reactor::clock::time_point unknown_since_{}; ///< the link does not remember the peer; 0: it does
  std::uint32_t last_sender_ = 0; ///< link of the last message; its answers may pass already
};

/// The relay service, at `forwarding_service`: a registration is the name, as a BARE string; the answer is the relay's
/// address. The last registration of a name wins, at once, but for one whose node has proved who it is: only the same
/// one may take its place. Whoever may reach the service may reach the relays. What it refuses is reported to who wants
/// reports; a peer of another implementation hears nothing, as from the reference.
class relay_service final : public worker {
 public:
  explicit relay_service(const node_context& context);

  void on_start() override { all_->show_at({&counter("relays"), &counter("passed-messages"), &counter("passed-bytes")}); }
  void on_message(message_ptr m) override;
  void on_timer(std::uint64_t timer) override;
  void on_stop() noexcept override {
    all_->end_all();
    all_->show_at({});
  }

 private:
  result<relay_worker*> register_relay(const message& m);
  registrant whose(const message& m, const route& way) const;
  result<relay_worker*> make_relay(const std::string& address, registration r);
  void watch();

  const node_context& context_;
  std::shared_ptr<relay_registry> all_;
  bool watching_ = false;
};

/// `static_forwarding_service`: another name of that one.
class static_relay_service final : public worker {
 public:
  void on_message(message_ptr m) override;
};

} // namespace ockam
