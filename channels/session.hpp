// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/channel.hpp"
#include "runtime/core/backoff.hpp"
#include "runtime/links/settling.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ockam::channels {

/// How a channel that this node has begun fares: shared by its session and whoever lists it or waits for it. Socket
/// thread only.
struct session_status {
  enum class state : std::uint8_t { connecting, up, down };

  state now = state::connecting;
  std::string reason;         ///< while it is down
  errc code = errc::ok;       ///< of that
  channel* open = nullptr;    ///< null while it is not up
  std::uint64_t openings = 0; ///< channels that there have been
  settling waiting = {};      ///< told once it is up or down
  std::function<void(bool is_up, const std::string& why)> changed = {}; ///< told each time

  void tell() const {
    if (changed)
      changed(open != nullptr, reason);
  }
};

std::string_view to_string(session_status::state s) noexcept;

/// Keeps a channel open, under one address: E. While there is no channel, it has E itself, and keeps what comes for a
/// while; when there is one, E is the channel's.
///
///     connecting ──up──▶ up ──ended, for whatever reason──▶ down ──after a while, by a new handshake──▶ up
///          └──no channel comes about──▶ down
///
/// A new channel has new keys, and new addresses but for E and the flow control id, so what uses E sees a gap and nothing
/// else. One that is to be there once (`lasting` is false) is not made again.
///
/// Where nobody has said who may be at the other end (`authorized`), somebody else may answer than before: whoever cuts the
/// link and answers in the peer's place, or a node that was set up anew. It gets nothing that was meant for the one before:
/// the first channel with it is ended, what is held is dropped, and the flow control id is another one from then on, so that what
/// has begun with the peer before, as the streams of portals, ends.
class session final : public worker {
 public:
  /// `way` ends at a listener; `allow`: workers that the other end may reach beside answers.
  session(terms t, route way, std::vector<std::string> allow, bool lasting, std::shared_ptr<session_status> status, std::uint32_t seed);
  ~session() override;

  /// Starts it and gives it `encryptor`. Returns its own address, by which it is stopped. Errors: those of
  /// `workers::start` and `workers::alias`.
  static result<address> start(terms t, const address& encryptor, route way, std::vector<std::string> allow, bool lasting,
                               std::shared_ptr<session_status> status);

 private:
  /// What is kept while there is no channel.
  static constexpr std::size_t most_held = 512;
  static constexpr std::size_t most_held_bytes = 1u << 20;
  static constexpr std::chrono::milliseconds longest_hold{5'000};
  /// How long a handshake may take that follows another.
  static constexpr std::chrono::milliseconds retry_patience{3'000};

  void on_start() override {}
  void on_message(message_ptr m) override;
  void on_timer(std::uint64_t timer) override;
  void on_stop() noexcept override;

  void begin(const address& encryptor);
  void connect();
  void is_up();
  void has_ended(const error& why);
  bool is_of_another_peer() const;
  void leave_peer();
  void take_flow();
  void hold(message_ptr m);
  void watch_held();
  message_ptr pop_held();
  void give_up(message_ptr m, std::string_view why);
  void give_up_held(std::string_view why);
  result<void> give_encryptor_to(address_view a);

  terms terms_;
  const route way_;
  const std::vector<std::string> allow_;
  const bool lasting_;
  std::shared_ptr<session_status> status_;
  address encryptor_;
  std::uint32_t flow_ = 0;
  backoff retries_;
  std::optional<identities::identifier> peer_; ///< of the last channel that was up
  channel* trying_ = nullptr; ///< shakes hands, or is open
  address at_;                ///< of that one
  std::uint64_t retry_timer_ = 0, hold_timer_ = 0;
  struct held {
    message_ptr what;
    std::size_t size;
    net::reactor::clock::time_point until;
  };
  std::deque<held> held_; ///< oldest first
  std::size_t held_bytes_ = 0;
  net::reactor::clock::time_point without_since_{};
};

} // namespace ockam::channels
