// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace ockam {

/// How many reports may still go out this second about what a source has sent. A source is a link or, where many peers have
/// one link together (the socket of a UDP listener), one of these peers: who floods gets no more reports, and others get
/// theirs. Bounded, since peers of UDP are whoever somebody writes into a datagram. One thread at a time.
class report_windows {
 public:
  using clock = std::chrono::steady_clock;

  static constexpr std::uint32_t of_source = 100;
  /// For all peers of one link that they share.
  static constexpr std::uint32_t of_shared_link = 1'000;
  static constexpr std::size_t most_peers = 4'096;

  /// One more; false when it is one too many. `peer`: behind a link that is shared; empty: the link has one.
  bool take(std::uint32_t link, std::string_view peer, clock::time_point now);
  /// The link is no more.
  void forget(std::uint32_t link);
  std::size_t peers() const noexcept { return peers_.size(); }

 private:
  struct window {
    clock::time_point start{};
    std::uint32_t sent = 0;

    bool is_over(clock::time_point now) const noexcept { return now - start >= std::chrono::seconds{1}; }
    bool has_room(std::uint32_t most, clock::time_point now) const noexcept { return sent < most || is_over(now); }
    bool take(std::uint32_t most, clock::time_point now) noexcept;
  };

  std::unordered_map<std::uint32_t, window> links_;
  std::map<std::pair<std::uint32_t, std::string>, window> peers_;
};

} // namespace ockam
