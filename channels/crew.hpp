// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/origin.hpp"
#include "runtime/net/reactor.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

namespace ockam::channels {

/// Threads for what handshakes need: signatures, key agreements, a vault that may block; a millisecond each. And others for
/// large messages, tens of microseconds each, which a flood of handshakes must not delay. Their own and not the pool's, whose
/// threads services may keep for as long as they like: a channel must not wait for a script, and no script for a channel. Made
/// when there is something to do for the first time.
class threads {
 public:
  virtual ~threads() = default;
  /// Calls `work` once, later, on another thread.
  virtual void run(std::function<void()> work) = 0;
};

/// So many threads, which end with it, after what they have begun; what has not begun is dropped.
std::unique_ptr<threads> make_threads(std::size_t number);

/// Has `threads` do it, a few pieces at a time. Links take turns, and the peers of a link that many have take theirs within
/// its turns; what waits is bounded for each of them and for all, so that whoever floods a listener gets a share and not all
/// of it. Socket thread only.
class crew {
 public:
  static constexpr std::size_t at_once = 2;
  /// A thousand channels that one peer makes at once, and their next steps. What waits is also charged to the link that it
  /// came by, whose budget is full before this is.
  static constexpr std::size_t most_of_one_link = 2048;
  /// Of one of many peers that have a link together.
  static constexpr std::size_t most_of_one_peer = 512;
  static constexpr std::size_t most = 8192;
  enum class step : std::uint8_t {
    first, ///< of a handshake
    next   ///< goes before all first ones of its origin: what was begun is ended, before more of it is begun
  };

  /// `reactor` lives longer.
  crew(net::reactor& reactor, std::unique_ptr<threads> by);
  ~crew();
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;

  /// Calls `work` once, later, on another thread; what it has to say to a worker it posts to its `postbox`. `whose`:
  /// who asks for it, `{}` for this node. False when too much waits: `work` is never called.
  bool add(const origin& whose, step which, std::function<void()> work);
  std::size_t waiting() const noexcept { return waiting_; }

 private:
  struct home {
    crew* there; ///< null: gone
  };
  struct lane {
    std::deque<std::function<void()>> next, first;
    std::size_t size() const noexcept { return next.size() + first.size(); }
  };
  struct link {
    std::map<std::string, lane> lanes; ///< by peer; none is empty
    std::deque<std::string> turns;
    std::size_t waiting = 0;
  };

  void go_on();
  void run(std::function<void()> work);

  net::reactor& reactor_;
  std::shared_ptr<home> home_;
  std::unordered_map<std::uint32_t, link> links_; ///< none is empty
  std::deque<std::uint32_t> turns_;
  std::size_t waiting_ = 0;
  std::size_t running_ = 0;
  std::unique_ptr<threads> by_; ///< ends first
};

} // namespace ockam::channels
