// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/frame_reader.hpp"

#include <algorithm>
#include <cstring>

namespace ockam {

std::span<const iovec> frame_reader::room(std::span<std::byte> scratch) {
  scratch_ = scratch.data();
  std::byte* to = body_ ? body_.get() + size_ : length_.data() + length_have_;
  auto missing = body_ ? capacity_ - size_ : in_frame() ? length_.size() - length_have_ : 0;
  to_frame_ = std::min(missing, scratch.size());
  std::size_t parts = 0;
  if (to_frame_ > 0)
    targets_[parts++] = {to, to_frame_};
  // What follows the frame is behind it only when the frame is whole.
  if (!body_ || size_ + to_frame_ == total_)
    targets_[parts++] = {scratch.data(), scratch.size()};
  return std::span{targets_}.first(parts);
}

void frame_reader::filled(std::size_t n, clock::time_point now) {
  auto more = std::min(n, to_frame_);
  now_ = now;
  in_ = {scratch_, n - more};
  if (!body_) {
    length_have_ += more;
    return;
  }
  size_ += more;
  credit arrived{*ledger_, more};
  held_.merge(arrived);
  if (size_ < capacity_ || size_ == total_)
    return;
  capacity_ = std::min(total_, 2 * capacity_);
  auto bigger = std::make_unique_for_overwrite<std::byte[]>(capacity_);
  std::memcpy(bigger.get(), body_.get(), size_);
  body_ = std::move(bigger);
}

std::optional<std::byte> frame_reader::take_preamble() {
  if (in_.empty())
    return std::nullopt;
  auto first = in_.front();
  in_ = in_.subspan(1);
  return first;
}

std::optional<frame_reader::frame> frame_reader::next() {
  if (body_) {
    if (size_ < total_)
      return std::nullopt;
    frame whole{{body_.get(), size_}, std::move(body_), capacity_};
    drop_frame();
    return whole;
  }
  if (!in_frame())
    began_ = now_;
  auto part = std::min(in_.size(), length_.size() - length_have_);
  if (part > 0)
    std::memcpy(length_.data() + length_have_, in_.data(), part);
  length_have_ += part;
  in_ = in_.subspan(part);
  if (length_have_ < length_.size())
    return std::nullopt;
  std::size_t length = stream_codec::read_length(length_.data());
  if (length > max_frame_) {
    too_large_ = length;
    return std::nullopt;
  }
  if (in_.size() < length) {
    collect(length);
    return std::nullopt;
  }
  frame whole{in_.first(length), nullptr, 0};
  in_ = in_.subspan(length);
  length_have_ = 0;
  return whole;
}

/// Takes what is here of a frame out of the way of the next read.
void frame_reader::collect(std::size_t length) {
  constexpr std::size_t at_once = 256u << 10; // small frames at once, large ones doubling
  total_ = length;
  size_ = in_.size();
  capacity_ = std::min(total_, std::max(at_once, 2 * size_));
  body_ = std::make_unique_for_overwrite<std::byte[]>(capacity_);
  if (size_ > 0)
    std::memcpy(body_.get(), in_.data(), size_);
  held_ = credit{*ledger_, size_};
  in_ = {};
}

frame_reader::clock::time_point frame_reader::deadline(std::chrono::milliseconds allowed) const noexcept {
  constexpr std::size_t slowest = 256u << 10; // bytes a second
  return began_ + allowed + std::chrono::seconds{total_ / slowest};
}

void frame_reader::clear() noexcept {
  in_ = {};
  drop_frame();
}

void frame_reader::drop_frame() noexcept {
  held_.reset();
  body_.reset();
  length_have_ = capacity_ = size_ = total_ = 0;
}

} // namespace ockam
