// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/net/reactor.hpp"

#include <chrono>
#include <functional>
#include <vector>

namespace ockam {

/// The addresses of a udp peer, in the order in which they are tried: IPv4 before IPv6, as in the reference.
std::vector<ip_endpoint> in_order_of_preference(std::vector<ip_endpoint> found);

/// Where the peer of a udp connection is. A name moves from one address to another, and UDP has no end of a connection
/// at which it would be looked up again. So it is when the network says that nobody is there, when what is sent finds no
/// answer, and when the operator asks for it. A peer that just has nothing to say costs a look-up now and then.
///
///     has_sent ──no has_heard within `silence`──▶ look-up ──another address──▶ moved
///     has_been_refused, look_again ──────────────────▲
///
/// A peer that refuses, and whose name has several addresses, may be at the next of them; one that is silent is not
/// left while its name has the address that it had. Owned by a link. Socket thread only.
class udp_whereabouts {
 public:
  static constexpr std::chrono::milliseconds silence{5'000};
  /// From one refusal that leads to a look-up to the next.
  static constexpr std::chrono::milliseconds pause{1'000};

  /// The peer is to be found at another address now.
  using moved = std::function<void(const ip_endpoint&)>;

  /// `now_at` is one of the addresses of `name`.
  udp_whereabouts(net::reactor& r, endpoint name, const ip_endpoint& now_at, std::chrono::milliseconds timeout, moved on_move);
  ~udp_whereabouts() { stop(); }
  udp_whereabouts(const udp_whereabouts&) = delete;
  udp_whereabouts& operator=(const udp_whereabouts&) = delete;

  void has_sent();
  void has_heard() noexcept { heard_ = true; }
  void has_been_refused();
  void look_again();
  /// Looks up nothing more.
  void stop();

 private:
  void look_up();
  void answered(const result<std::vector<ip_endpoint>>& found);

  net::reactor& reactor_;
  endpoint name_;
  bool moves_; ///< a literal address does not
  ip_endpoint at_;
  std::chrono::milliseconds timeout_;
  moved on_move_;
  net::connecting_ptr lookup_;
  bool heard_ = false;   ///< since the timer was set
  bool refused_ = false; ///< since the last look-up
  net::reactor::clock::time_point next_look_{};
  timer_queue::id timer_ = 0;
};

} // namespace ockam
