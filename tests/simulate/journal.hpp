// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/net/reactor.hpp"
#include "simulate/invariants.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ockam::simulate {

/// A promise that was broken.
struct violation {
  invariant what;
  std::chrono::milliseconds at; ///< from the beginning of the schedule
  std::string how;
};

/// What happens in a schedule, for people and for a comparison of two runs, and what went wrong: the first
/// violation of an invariant that is being checked.
class journal {
 public:
  using clock = net::reactor::clock;
  using printer = std::function<void(const std::string&)>;

  journal(invariants checked, printer print) : checked_{checked}, print_{std::move(print)} {}

  void time_is(clock::time_point now) noexcept {
    if (begin_ == clock::time_point{})
      begin_ = now;
    now_ = now;
  }
  clock::time_point now() const noexcept { return now_; }
  std::chrono::milliseconds since_begin() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now_ - begin_);
  }

  /// An event of the schedule: a line of the trace.
  void event(const std::string& line);
  /// Something that is no line but must be the same in each run.
  void mark(std::string_view what, std::uint64_t number);
  /// Equal for equal runs.
  std::uint64_t fingerprint() const noexcept { return fingerprint_; }

  bool checks(invariant i) const noexcept { return checked_.has(i); }
  /// Recorded where `what` is checked; no exception: this may be called from inside a node.
  void violated(invariant what, std::string how);
  const std::optional<violation>& failure() const noexcept { return failure_; }

 private:
  void mix(std::string_view bytes) noexcept;

  invariants checked_;
  printer print_;
  clock::time_point begin_{};
  clock::time_point now_{};
  std::uint64_t fingerprint_ = 14695981039346656037u;
  std::optional<violation> failure_;
};

} // namespace ockam::simulate
