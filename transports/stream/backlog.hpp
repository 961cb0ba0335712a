// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"

#include <chrono>
#include <cstddef>
#include <list>
#include <unordered_map>

namespace ockam {

/// Messages that wait for a destination which is slower than what is sent to it: the second half of a
/// link's output, behind what is encoded already. Owned by a link; socket thread only.
///
/// Who waits for whom. Each source's part is bounded by its hold: a link that has filled it reads nothing
/// more until there is room here, so that a slow reader slows its writer and loses nothing. A destination
/// that takes nothing, or next to nothing, is judged to be stalled: the link then drops what waits here, and
/// nobody is held up (docs/architecture.md, Memory and credit).
///
/// In which order. What one sender sent stays in order. Senders take turns, by bytes, and one that had
/// nothing waiting comes first: a ping does not wait behind the bulk of others.
class backlog {
 public:
  using clock = std::chrono::steady_clock;

  /// How a destination does, for which something waits.
  enum class verdict : std::uint8_t {
    moving,
    silent, ///< no progress for `limits::stall`: drop what waits here
    slow,   ///< less than `limits::least_rate` while it holds up others: the same
    dead    ///< no progress for `limits::write_timeout`: end the link
  };

  /// `own`: ledger of the link that this belongs to. What its own peer asked for is not bounded by a hold:
  /// a peer that does not read is held up by its own budget.
  explicit backlog(const ledger* own) noexcept : own_{own} {}
  backlog(const backlog&) = delete;
  backlog& operator=(const backlog&) = delete;
  ~backlog();

  bool empty() const noexcept { return fresh_.empty() && waiting_.empty(); }
  std::size_t bytes() const noexcept { return bytes_; }

  /// Takes the message in; or leaves it and says false: its sender, which nobody can hold up, has as much
  /// waiting here as it may.
  bool push(message_ptr& m);
  /// The next one, no longer held here; null when there is none.
  message_ptr pop() noexcept;

  /// The destination took so many bytes.
  void progressed(clock::time_point now, std::size_t bytes) noexcept;
  clock::time_point last_progress() const noexcept { return progress_; }
  /// Waiting begins. What happened long ago, when there was nothing to take, does not count against the
  /// destination: it is `silent` after one `limits::stall` from now at the earliest.
  void wait_begins(clock::time_point now) noexcept { waiting_since_ = now; }
  /// The destination has taken all that there was: it is not too slow for anybody.
  void wait_ends() noexcept { slow_since_ = {}; }
  /// Call at least every `limits::stall` while the destination is waited for.
  verdict judge(clock::time_point now, const limits& limit) noexcept;

 private:
  /// Bytes that a sender may send in its turn.
  static constexpr std::size_t quantum = 64u << 10;
  /// Time over which a destination that holds others up must make `limits::least_rate`.
  static constexpr std::chrono::seconds rate_window{10};

  /// What waits of one sender: messages with this key keep their order.
  struct lane {
    std::uint64_t key;
    message* head = nullptr;
    message* tail = nullptr;
    std::size_t left = quantum; ///< of its turn
  };
  using lanes = std::list<lane>;

  const ledger* own_;
  lanes fresh_;   ///< those that have not had a whole turn yet: they come first, each other time
  lanes waiting_; ///< the others, the next one in front
  std::unordered_map<std::uint64_t, lanes::iterator> by_key_;
  bool fresh_was_last_ = false;
  std::size_t bytes_ = 0;
  hold_table holds_{hold_table::over::pause};
  clock::time_point progress_{};
  clock::time_point waiting_since_{};
  clock::time_point slow_since_{}; ///< when the window of the least rate began; 0: nobody is held up
  std::size_t taken_ = 0;          ///< since then
};

} // namespace ockam
