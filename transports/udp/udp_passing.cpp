// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_passing.hpp"

#include "transports/codec/message_codec.hpp"

#include <algorithm>

namespace ockam {

namespace {

/// What a slice takes in the map beside its bytes: the node with its pointers.
constexpr std::size_t slice_overhead = 80;

} // namespace

udp_passing::udp_passing(std::uint16_t total, std::size_t slice_size) : slice_size_{slice_size}, total_{total} {
  auto before_last = static_cast<std::uint16_t>(total - 1);
  each_ = static_cast<std::uint16_t>(std::min<std::size_t>((edge_bytes + slice_size - 1) / slice_size, before_last));
  last_from_ = static_cast<std::uint16_t>(before_last - each_); // and the last one, of whatever size
  wanted_ = std::min<std::size_t>(total, 2u * each_ + 1u);
}

void udp_passing::take(std::uint16_t offset, std::span<const std::byte> bytes) {
  if (belongs(offset) && kept_.try_emplace(offset, bytes.begin(), bytes.end()).second)
    bytes_ += bytes.size() + slice_overhead;
}

udp_passing::ends udp_passing::join() const {
  ends e;
  for (const auto& [offset, bytes] : kept_) {
    if (offset < each_ || last_from_ == 0) // all of it, when the ends meet
      e.first.insert(e.first.end(), bytes.begin(), bytes.end());
    if (offset >= last_from_)
      e.last.insert(e.last.end(), bytes.begin(), bytes.end());
  }
  e.length = (total_ - std::size_t{1}) * slice_size_ + kept_.rbegin()->second.size();
  return e;
}

} // namespace ockam
