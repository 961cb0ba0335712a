// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/bench/wire_load.hpp"

#include <chrono>
#include <netinet/in.h>
#include <optional>

namespace ockam::bench {

/// The one message of a connection whose round trip is measured; the next is chosen when its reply is here.
/// Replies of a connection come in order, so counting them finds it.
struct probe {
  std::uint64_t number = 0; ///< among those sent, from 1; 0: none
  std::chrono::steady_clock::time_point sent;
};

/// The clock and the counts of a load: warm-up, measured time, replies, sampled round trips.
class load_meter {
 public:
  using clock = std::chrono::steady_clock;

  /// The time begins now.
  explicit load_meter(const load_options& o);

  /// Chooses message `number`, about to be sent, when none is under way.
  void aim(probe& p, std::uint64_t number) const;
  /// `count` replies have come, and with them number `last` of their connection.
  void replied(probe& p, std::size_t count, std::uint64_t last);
  void lost(std::size_t count) noexcept { lost_ += count; }

  /// To be called after each look at the sockets. False when it is over: see `result`.
  bool goes_on();
  load_result result();

 private:
  load_options options_;
  clock::time_point measure_from_, end_, last_reply_;
  bool measuring_ = false;
  std::uint64_t replies_ = 0;
  std::uint64_t seen_ = 0;    ///< replies at the last look
  std::uint64_t before_ = 0;  ///< replies of the warm-up
  std::uint64_t lost_ = 0;
  double seconds_ = 0;        ///< measured; 0: the replies have stopped
  std::vector<float> samples_; ///< microseconds
};

/// Where the options lead; nothing when that is not an IPv4 address.
std::optional<sockaddr_in> target_of(const load_options& o);

load_result failed_load(const std::string& why);

} // namespace ockam::bench
