// SPDX-License-Identifier: Apache-2.0
#include "transports/ws/ws_gathered.hpp"

#include "transports/codec/message_codec.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ockam::ws {

bool gathered_message::append(std::span<const std::byte> data, clock::time_point now) {
  bool passed = passes_by();
  // What would go over the limit is not put together first.
  auto fits = std::min(data.size(), max_frame_ - std::min(max_frame_, size_));
  if (!passed && fits == data.size()) {
    if (!make_room(data.size(), now))
      return false;
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    size_ += data.size();
    return true;
  }
  if (!passed)
    keep_edges();
  append_to_edges(data);
  size_ += data.size();
  return true;
}

bool gathered_message::make_room(std::size_t n, clock::time_point now) {
  constexpr std::size_t least = 4096;
  if (bytes_.size() + n <= bytes_.capacity())
    return true;
  auto bigger = std::max(least, 2 * (bytes_.size() + n));
  if (!memory_.take(bigger - bytes_.capacity(), now))
    return false;
  bytes_.reserve(bigger);
  return true;
}

/// From now on it passes by: it has grown too long.
void gathered_message::keep_edges() {
  auto all = std::exchange(bytes_, {});
  memory_.give_back(memory_.bytes());
  memory_.step_back();
  memory_.take_anyway(2 * edge_bytes);
  bytes_.reserve(edge_bytes);
  last_.reserve(edge_bytes);
  append_to_edges(all);
}

void gathered_message::append_to_edges(std::span<const std::byte> data) {
  auto first = data.first(std::min(data.size(), edge_bytes - bytes_.size()));
  bytes_.insert(bytes_.end(), first.begin(), first.end());
  auto last = data.last(std::min(data.size(), edge_bytes));
  auto keep = std::min(last_.size(), edge_bytes - last.size());
  last_.erase(last_.begin(), last_.end() - static_cast<std::ptrdiff_t>(keep));
  last_.insert(last_.end(), last.begin(), last.end());
}

std::span<const std::byte> gathered_message::take(std::size_t most) noexcept {
  static constexpr std::array<std::byte, 16u << 10> zeros{};
  std::span<const std::byte> part;
  if (taken_ < bytes_.size())
    part = std::span{bytes_}.subspan(taken_);
  else if (auto left = size_ - taken_; left > last_.size())
    part = std::span{zeros}.first(std::min(zeros.size(), left - last_.size()));
  else
    part = std::span{last_}.last(left);
  part = part.first(std::min(part.size(), most));
  taken_ += part.size();
  return part;
}

void gathered_message::clear() noexcept {
  memory_.give_back(memory_.bytes());
  bytes_ = std::vector<std::byte>{}; // `= {}` would keep the memory
  last_ = std::vector<std::byte>{};
  size_ = taken_ = 0;
}

} // namespace ockam::ws
