// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_whereabouts.hpp"

#include <algorithm>
#include <utility>

namespace ockam {

std::vector<ip_endpoint> in_order_of_preference(std::vector<ip_endpoint> found) {
  std::stable_partition(found.begin(), found.end(), [](auto& a) { return !a.v6; });
  return found;
}

udp_whereabouts::udp_whereabouts(net::reactor& r, endpoint name, const ip_endpoint& now_at, std::chrono::milliseconds timeout,
                                 moved on_move)
  : reactor_{r}, name_{std::move(name)}, moves_{!is_ip_literal(name_.host)}, at_{now_at}, timeout_{timeout},
    on_move_{std::move(on_move)} {}

void udp_whereabouts::has_sent() {
  if (!moves_ || timer_ != 0)
    return;
  heard_ = false;
  timer_ = reactor_.after(silence, [this] {
    timer_ = 0;
    if (!heard_)
      look_up();
  });
}

void udp_whereabouts::has_been_refused() {
  if (!moves_ || lookup_)
    return;
  refused_ = true;
  if (auto now = reactor_.now(); now >= next_look_) {
    next_look_ = now + pause;
    look_up();
  }
}

void udp_whereabouts::look_again() {
  if (moves_)
    look_up();
}

void udp_whereabouts::look_up() {
  if (!lookup_)
    lookup_ = reactor_.resolve(name_, timeout_, [this](auto found) { answered(found); });
}

void udp_whereabouts::answered(const result<std::vector<ip_endpoint>>& found) {
  auto self = std::move(lookup_); // inside which this runs
  bool refused = std::exchange(refused_, false);
  if (!found)
    return; // it may be there still
  auto all = in_order_of_preference(*found);
  auto it = std::find(all.begin(), all.end(), at_);
  if (it != all.end() && !refused)
    return;
  auto next = it == all.end() || it + 1 == all.end() ? all.front() : *(it + 1);
  if (next == std::exchange(at_, next))
    return;
  heard_ = true; // of the one before
  on_move_(next);
}

void udp_whereabouts::stop() {
  reactor_.cancel(std::exchange(timer_, 0));
  lookup_.reset();
}

} // namespace ockam
