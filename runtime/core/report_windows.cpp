// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/report_windows.hpp"

namespace ockam {

bool report_windows::take(std::uint32_t link, std::string_view peer, clock::time_point now) {
  auto& of_link = links_[link];
  if (peer.empty())
    return of_link.take(of_source, now);
  std::pair who{link, std::string{peer}};
  auto it = peers_.find(who);
  if (it != peers_.end() && !it->second.has_room(of_source, now))
    return false;
  if (!of_link.take(of_shared_link, now)) // before a place is taken: so many newcomers a second and no more
    return false;
  if (it == peers_.end() && peers_.size() >= most_peers)
    std::erase_if(peers_, [now](const auto& one) { return one.second.is_over(now); });
  if (it == peers_.end() && peers_.size() >= most_peers)
    peers_.erase(peers_.begin()); // it begins anew
  return peers_[std::move(who)].take(of_source, now);
}

void report_windows::forget(std::uint32_t link) {
  links_.erase(link);
  auto it = peers_.lower_bound({link, {}});
  while (it != peers_.end() && it->first.first == link)
    it = peers_.erase(it);
}

bool report_windows::window::take(std::uint32_t most, clock::time_point now) noexcept {
  if (is_over(now))
    *this = {now, 0};
  if (sent >= most)
    return false;
  ++sent;
  return true;
}

} // namespace ockam
