// SPDX-License-Identifier: Apache-2.0
#include "portals/socket_queue.hpp"

#include "runtime/net/write_segments.hpp"

#include <algorithm>
#include <cstring>

namespace ockam {

std::size_t socket_queue::cost(const message& m, std::span<const std::byte> data) const noexcept {
  return is_gathered(data.size()) ? next_block(data.size()) : m.footprint();
}

/// Of the block that so many bytes need; 0: the last one has room for them.
std::size_t socket_queue::next_block(std::size_t size) const noexcept {
  const auto& last = segments_.back();
  if (last.capacity - (last.block ? last.end : 0) >= size)
    return 0;
  return std::max(size, std::clamp(2 * last.capacity, least_block, most_block));
}

void socket_queue::push(message& m, std::span<const std::byte> data) {
  bytes_ += data.size();
  if (!is_gathered(data.size())) {
    auto begin = static_cast<std::size_t>(data.data() - m.body.bytes().data());
    auto& s = segments_.emplace_back();
    s.body = std::move(m.body);
    s.begin = begin;
    s.end = begin + data.size();
    s.credits.push_back(std::move(m.held));
    return;
  }
  auto* last = &segments_.back();
  if (auto capacity = next_block(data.size()); capacity > 0) {
    last = &segments_.emplace_back();
    last->block = std::make_unique_for_overwrite<std::byte[]>(capacity);
    last->capacity = capacity;
  }
  std::memcpy(last->block.get() + last->end, data.data(), data.size());
  last->end += data.size();
  if (last->credits.empty() || !last->credits.back().merge(m.held))
    last->credits.push_back(std::move(m.held));
}

void socket_queue::consume(std::size_t n) {
  bytes_ -= n;
  while (n > 0) {
    auto& s = segments_[next_];
    auto step = std::min(n, s.end - s.begin);
    s.begin += step;
    n -= step;
    if (s.begin < s.end)
      break;
    s = segment{}; // its credit comes back here
    ++next_;
  }
  constexpr std::size_t few = 8, many = 64;
  if (empty()) {
    if (segments_.capacity() > few)
      segments_ = std::vector<segment>{};
    segments_.clear();
    next_ = 0;
  } else if (next_ > many) {
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(next_));
    next_ = 0;
  }
}

net::io_result socket_queue::write_to(net::stream& s) {
  return net::write_segments(
    s, [this] { return std::span{segments_}.subspan(next_); }, [this](std::size_t n) { consume(n); });
}

void socket_queue::clear() {
  segments_ = std::vector<segment>{};
  next_ = bytes_ = 0;
}

} // namespace ockam
