// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"

#include <chrono>
#include <cstddef>

namespace ockam {

/// Messages that wait for a destination which is slower than what is sent to it: the second half of a
/// link's output, behind what is encoded already. Each sender's part is bounded by its hold, so that no
/// destination keeps a sender's whole budget (docs/architecture.md, Memory and credit), and a destination
/// that does not move loses what waits for it ("stall"). Owned by a link; socket thread only.
class backlog {
 public:
  using clock = std::chrono::steady_clock;

  /// How a destination does, for which something waits.
  enum class verdict : std::uint8_t {
    moving,
    stalled, ///< no progress for `limits::stall`: drop what waits here
    dead     ///< no progress for `limits::write_timeout`: end the link
  };

  /// `own`: ledger of the link that this belongs to. What its own peer asked for is not bounded by a hold:
  /// a peer that does not read is held up by its own budget.
  explicit backlog(const ledger* own) noexcept : own_{own} {}
  backlog(const backlog&) = delete;
  backlog& operator=(const backlog&) = delete;
  ~backlog();

  bool empty() const noexcept { return !head_; }
  std::size_t bytes() const noexcept { return bytes_; }

  /// Takes the message in, or leaves it and says false: its sender has as much waiting here as it may.
  bool push(message_ptr& m);
  /// The first one, no longer held here; null when there is none.
  message_ptr pop() noexcept;

  /// The destination took something.
  void progressed(clock::time_point now) noexcept { progress_ = now; }
  clock::time_point last_progress() const noexcept { return progress_; }
  /// Waiting begins. What happened long ago, when there was nothing to take, does not count against the
  /// destination: it is `stalled` after one `limits::stall` from now at the earliest.
  void wait_begins(clock::time_point now) noexcept { waiting_since_ = now; }
  verdict judge(clock::time_point now, const limits& limit) const noexcept;

 private:
  const ledger* own_;
  message* head_ = nullptr;
  message* tail_ = nullptr;
  std::size_t bytes_ = 0;
  hold_table holds_;
  clock::time_point progress_{};
  clock::time_point waiting_since_{};
};

} // namespace ockam
