// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "simulate/world.hpp"

#include <map>
#include <string>
#include <utility>

namespace ockam::simulate {

/// Compares what nodes do with what they promise (`invariants`), while a schedule runs and at its end.
class checker {
 public:
  checker(world& w, journal& j);
  /// The flows are open, nothing was sent.
  void begin();

  /// Nothing in the schedule has been slow, dead or gone since now.
  void unimpeded() { unimpeded_since_ = world_.net().now(); }
  void impeded() { unimpeded_since_ = sim::clock::time_point::max(); }
  /// Something ended, so that messages to it may be dropped for that.
  void something_ended() noexcept { ended_ = true; }
  /// Somebody takes nothing, or next to nothing, for longer than anybody is waited for.
  void somebody_stalls() noexcept { has_stalled_ = true; }

  /// For how long all may take to come to an end once everything reads.
  std::chrono::milliseconds patience() const;
  /// Whenever nothing more happens until the next timer.
  void at_pause_in_time();
  /// When everything should have arrived.
  void at_end();

 private:
  void after_each_event();
  void check_pauses();
  void check_probes();
  void check_counts();
  void check_reasons();
  bool nobody_loses() const;
  void check_losses();
  bool jams_are_long() const;
  bool closed_as_stuck();
  std::size_t memory_bound(std::size_t node);

  struct paused {
    std::uint64_t read = 0;
    sim::clock::time_point since{};
    bool seen = false; ///< in this round
  };

  world& world_;
  journal& journal_;
  sim::clock::time_point unimpeded_since_;
  bool ended_ = false;
  bool has_stalled_ = false;
  std::size_t largest_payload_ = 0; ///< of all flows
  std::map<std::pair<std::size_t, std::string>, paused> paused_; ///< by node and peer
};

} // namespace ockam::simulate
