// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/channel.hpp"

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

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
/// A handshake that does not end is forgotten after `patience`, or when others take its place: of one link, and of all,
/// only so many are half-open; when there is no room, the oldest one of the link that has most of them goes, so that who floods
/// it displaces itself, and several who do displace each other. Channels that are
/// open are bounded as well. Ends with all of its channels. Socket thread only.
class listener final : public worker {
 public:
  static constexpr std::size_t most_half_open = 1024;
  static constexpr std::size_t most_half_open_of_one = 256;

  /// `t.spawner` is its flow control id, which it removes when it ends.
  listener(terms t, std::size_t most_channels, std::shared_ptr<listener_figures> figures);

 private:
  struct entry {
    address at;
    channel* what;
    std::uint32_t source;
    bool is_open = false;
  };
  using entries = std::list<entry>;
  struct arrival;

  void on_message(message_ptr m) override;
  void on_stop() noexcept override;
  void begin(arrival& a);
  void make_room(std::uint32_t source);
  void drop_half_open(entries::iterator it);
  void turn_away(message_ptr m, const std::string& why);
  void count() noexcept {
    figures_->half_open = half_open_.size();
    figures_->channels = open_.size();
  }

  terms terms_;
  const std::size_t most_channels_;
  std::shared_ptr<listener_figures> figures_;
  entries half_open_, open_; ///< oldest first
  std::unordered_map<std::uint32_t, std::size_t> by_source_; ///< half-open ones
};

} // namespace ockam::channels
