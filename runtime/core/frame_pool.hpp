// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/credit.hpp"
#include "runtime/core/ip_endpoint.hpp"
#include "runtime/core/switchboard.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ockam {

/// Memory for what links have read and cannot make messages of yet: frames that are not whole. A part of the
/// node's memory, with caps, so that strangers who begin large frames and never finish them take it from one another
/// and not from the rest:
///
///     node      a quarter of node-budget           everybody together
///     listener  half of that                       all links of one listener; connections of this node count as one
///     host      half of a listener's               all links from one IPv4 address, or one /64 of IPv6
///
/// - Each link has `free_of_caps` beside that, so small frames never wait.
/// - What does not fit waits (`waiter`), without reading, until there is room.
/// - Who is alone under a cap may exceed it. Beyond that, one link at a time may exceed all of them, for a short
///   while (`loan_time`): frames that each have a part of the memory, and wait for the rest of it, end one by one.
/// - Who has memory that others wait for must use it: a frame of which less than `least_arrival` comes in within
///   `check_time` is to be given up (`is_wasted`).
///
/// Socket thread only.
class frame_pool final : private flushable {
 public:
  using clock = std::chrono::steady_clock;

  static constexpr std::size_t free_of_caps = 16u << 10;
  static constexpr std::chrono::milliseconds loan_time{5'000};
  static constexpr std::size_t least_arrival = 32u << 10;
  static constexpr std::chrono::milliseconds check_time{500};

  /// Told once, at the end of a turn, that what a `take` has refused may fit now. It asks again, or not. May end
  /// any share.
  class waiter {
   public:
    virtual void frame_memory_available() = 0;

   protected:
    ~waiter() = default;
  };

  class share;

  /// Where a link comes from: `listener` is the id of the one that has let it in, 0 for a link that this node has made.
  struct origin {
    frame_pool& pool;
    std::uint32_t listener = 0;
  };

  /// `largest`: how long a frame may be. All of these outlive it.
  frame_pool(memory& m, std::size_t largest, switchboard& board);
  frame_pool(const frame_pool&) = delete;
  frame_pool& operator=(const frame_pool&) = delete;
  ~frame_pool();

  /// Bytes of frames that are not whole.
  std::size_t bytes() const noexcept { return bytes_; }
  /// Those of them under the caps.
  std::size_t used() const noexcept { return node_.used; }
  std::size_t limit() const noexcept { return node_.limit; }
  std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  /// What one cap is about.
  struct scope {
    std::size_t limit = 0;
    std::size_t used = 0;
    std::size_t shares = 0;
  };

  void flush() override;
  scope* full_for(const share& s, std::size_t n) noexcept;
  bool may_lend(const share& s, clock::time_point now) const noexcept;
  void tell(share& s);
  void look_again();

  memory& memory_;
  std::size_t bytes_ = 0;
  std::size_t largest_;
  switchboard& board_;
  scope node_;
  std::unordered_map<std::uint32_t, scope> listeners_;
  std::unordered_map<ip_endpoint, scope, ip_endpoint_hash> hosts_;
  std::vector<share*> waiting_;  ///< in the order in which they came
  std::vector<share*> sweeping_; ///< being told now; null: gone meanwhile
  share* loan_ = nullptr;        ///< who may exceed the caps
  clock::time_point lent_at_{};
  const share* told_ = nullptr; ///< who is being told now
  bool least_is_next_ = true;   ///< who has the loan next: the one that wants least, or the one that waits longest
};

/// What one link has of it. Gives it back at its end.
class frame_pool::share {
 public:
  /// `peer`: its socket address.
  share(origin from, std::string_view peer, waiter& owner);
  share(const share&) = delete;
  share& operator=(const share&) = delete;
  ~share();

  /// Asks for so many bytes more. False: not now; its owner will be told.
  bool take(std::size_t n, clock::time_point now);
  /// Takes them whatever there is: they are here already.
  void take_anyway(std::size_t n) noexcept;
  void give_back(std::size_t n) noexcept;
  /// What `take` would give now, without a loan.
  std::size_t room() const noexcept;
  std::size_t bytes() const noexcept { return bytes_; }
  /// Waits no longer, and returns a loan: it has no use for either now.
  void step_back() noexcept;
  /// Whether the frame that this is for, which began `since` ago, is to be given up: so little of it has arrived
  /// in the last `check_time` while others wait.
  bool is_wasted(std::size_t arrived, clock::duration since) const noexcept;
  /// Others wait for memory that this one has a part of.
  bool others_wait() const noexcept;

 private:
  friend class frame_pool;
  static std::size_t capped(std::size_t bytes) noexcept { return bytes > free_of_caps ? bytes - free_of_caps : 0; }
  void step_aside() noexcept;

  frame_pool& pool_;
  scope* listener_;
  scope* host_;
  std::uint32_t listener_id_;
  ip_endpoint host_id_;
  waiter& owner_;
  std::size_t bytes_ = 0;
  std::size_t wanted_ = 0;          ///< what it waits for
  const scope* blocked_by_ = nullptr; ///< the widest cap that is in its way; null: it does not wait
};

} // namespace ockam
