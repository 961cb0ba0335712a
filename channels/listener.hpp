// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/channel.hpp"
#include "channels/origin.hpp"

#include <algorithm>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace ockam::channels {

/// What a listener counts, for lists.
struct listener_figures {
  std::size_t channels = 0;    ///< open
  std::size_t half_open = 0;   ///< that wait for m3
  std::uint64_t opened = 0;
  std::uint64_t refused = 0;   ///< handshakes that came to nothing
  std::uint64_t turned_away = 0; ///< m1 for which there was no room
};

/// Where channels of others begin: each m1 that it gets becomes a channel at an address of its own, which answers. Nothing
/// of m1 is kept here, and nobody is told why one came to nothing.
///
/// | message | effect                                                          |
/// |---------|-----------------------------------------------------------------|
/// | m1      | a step on another thread, then a channel that answers with m2           |
/// | report  | ignored                                                           |
/// | other   | counted, dropped                                                  |
///
/// A handshake that does not end is forgotten after `patience`, or when others take its place: of one origin, of the peers of
/// one link, and of all, only so many are half-open; when there is no room, the oldest one of who has most of them goes, so that
/// who floods it displaces itself, and several who do displace each other.
///
/// Channels that are open are bounded as well, and one link has at most 15/16 of them. When there is no room, who has more than
/// the newcomer would then have loses the one that was silent for longest; where nobody has, one goes of which nothing was heard
/// for a while and whose other end cannot be asked; else the newcomer is turned away. Ends with all of its channels. Socket
/// thread only.
class listener final : public worker {
 public:
  static constexpr std::size_t most_half_open = 1024;
  static constexpr std::size_t most_half_open_of_one = 256;
  /// Of all peers of a link that many have.
  static constexpr std::size_t most_half_open_of_link = most_half_open / 16 * 15;

  /// `t.spawner` is its flow control id, which it removes when it ends.
  listener(terms t, std::size_t most_channels, std::shared_ptr<listener_figures> figures);

 private:
  struct entry {
    address at;
    channel* what;
    origin whose;
    bool is_open = false;
  };
  using entries = std::list<entry>;
  /// What a newcomer finds.
  struct room {
    bool is_there = true;
    std::optional<entries::iterator> after = {}; ///< this one has ended
  };
  struct arrival;

  void on_message(message_ptr m) override;
  void on_stop() noexcept override;
  void begin(arrival& a);
  void make_half_open_room(const origin& whose);
  room room_for(const origin& whose);
  void open(entries::iterator it);
  void ended(entries::iterator it);
  void turn_away(message_ptr m, const std::string& why);
  void count() noexcept {
    figures_->half_open = half_open_.size();
    figures_->channels = open_.size();
  }

  terms terms_;
  const std::size_t most_channels_;
  std::shared_ptr<listener_figures> figures_;
  const std::size_t most_of_link_ = std::max<std::size_t>(most_channels_ - most_channels_ / 16, 1);
  entries half_open_, open_; ///< oldest first
  shares of_half_open_, of_open_;
};

} // namespace ockam::channels
