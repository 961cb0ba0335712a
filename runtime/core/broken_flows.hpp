// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <unordered_map>

namespace ockam {

/// Flows of which something was dropped: the rest of them is dropped as well, so that a byte stream through this
/// node ends or is whole, but never has a hole (docs/architecture.md, Delivery). Remembered for a minute, and
/// only so many of them: the oldest goes first. Plain value; the caller says what time it is.
class broken_flows {
 public:
  using clock = std::chrono::steady_clock;

  static constexpr std::chrono::seconds remembered{60};
  static constexpr std::size_t most = 4096;

  /// Which flow a message belongs to: the link that it came by, where it goes behind the next hop, and who sent
  /// it (the last return address). The next hop itself is left out: a connection has another link each time.
  static std::uint64_t key_of(const message& m);

  bool empty() const noexcept { return until_.empty(); }
  std::size_t size() const noexcept { return until_.size(); }
  bool has(std::uint64_t key, clock::time_point now);
  /// True when it was whole until now.
  bool add(std::uint64_t key, clock::time_point now);

 private:
  void forget(clock::time_point now);

  std::unordered_map<std::uint64_t, clock::time_point> until_;
  std::deque<std::uint64_t> order_; ///< the oldest first
};

} // namespace ockam
