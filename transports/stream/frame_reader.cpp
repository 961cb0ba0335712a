// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/frame_reader.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace ockam {

namespace {
/// How much memory a frame may take up, as a multiple of what is here of it.
constexpr std::size_t growth = 4;
} // namespace

std::byte* spare_block::room(std::size_t n) {
  if (!bytes_ || capacity_ < n || capacity_ > n + n / 4) {
    bytes_ = std::make_unique_for_overwrite<std::byte[]>(n);
    capacity_ = n;
  }
  return bytes_.get();
}

std::span<const iovec> frame_reader::room(std::span<std::byte> scratch, spare_block* spare) {
  // One of the size of the last one, so that nothing of the next is behind it.
  auto expected = std::min(expected_, scratch.size());
  spare_ = spare && expected >= large && !in_frame() ? spare : nullptr;
  if (spare_)
    scratch = {spare_->room(expected), expected};
  scratch_ = scratch.data();
  std::byte* to = body_ ? body_.get() + size_ : length_.data() + length_have_;
  auto missing = body_ ? std::min(capacity_, total_) - size_ : in_frame() || spare_ ? length_.size() - length_have_ : 0;
  to_frame_ = std::min(missing, scratch.size());
  std::size_t parts = 0;
  if (to_frame_ > 0)
    targets_[parts++] = {to, to_frame_};
  // What follows the frame is behind it only when the frame is whole.
  bool more = !body_ || size_ + to_frame_ == total_;
  if (more && !(body_ && spare && total_ >= large))
    targets_[parts++] = {scratch.data(), scratch.size()};
  return std::span{targets_}.first(parts);
}

void frame_reader::filled(std::size_t n, clock::time_point now) {
  assert(in_.empty() && !rest_);
  auto more = std::min(n, to_frame_);
  now_ = now;
  expected_ = 0;
  if (more > 0 && !in_frame())
    began_ = now;
  in_ = {scratch_, n - more};
  (body_ ? size_ : length_have_) += more;
}

bool frame_reader::prepare(clock::time_point now) {
  if (!body_ || size_ < capacity_ || size_ == total_)
    return true;
  auto bigger = std::min(total_, growth * capacity_);
  if (!memory_->take(bigger - capacity_, now))
    return false;
  auto body = std::make_unique_for_overwrite<std::byte[]>(bigger);
  std::memcpy(body.get(), body_.get(), size_);
  body_ = std::move(body);
  capacity_ = bigger;
  return true;
}

std::optional<std::byte> frame_reader::take_preamble() {
  if (in_.empty())
    return std::nullopt;
  auto first = in_.front();
  in_ = in_.subspan(1);
  return first;
}

std::optional<frame_reader::frame> frame_reader::next() {
  needs_memory_ = false;
  if (in_.empty())
    drop_rest();
  if (edges_ && total_ > 0)
    return pass();
  edges_.reset(); // of the frame before
  if (body_) {
    if (size_ < total_)
      return std::nullopt;
    frame whole{{body_.get(), size_}, std::move(body_), capacity_};
    expected_ = total_ >= large ? total_ : 0;
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
  if (length_have_ < length_.size()) {
    drop_rest();
    return std::nullopt;
  }
  std::size_t length = stream_codec::read_length(length_.data());
  if (length > most_passed_by) {
    too_large_ = length;
    return std::nullopt;
  }
  if (length > max_frame_) {
    begin_passing(length);
    return pass();
  }
  if (in_.size() < length) {
    collect(length);
    return std::nullopt;
  }
  frame whole{in_.first(length), nullptr};
  if (length >= large)
    expected_ = length;
  if (in_.size() == length && fills_spare(length)) {
    whole.memory = spare_->take();
    whole.capacity = spare_->capacity();
  }
  in_ = in_.subspan(length);
  length_have_ = 0;
  return whole;
}

/// The frame begins where the spare block does, and is so long that it may as well have all of it.
bool frame_reader::fills_spare(std::size_t length) const noexcept {
  return spare_ && spare_->is_at(in_.data()) && length * 2 >= spare_->capacity();
}

void frame_reader::begin_passing(std::size_t length) {
  total_ = length;
  capacity_ = sizeof(edges);
  memory_->take_anyway(capacity_);
  edges_ = std::make_unique<edges>();
}

/// Takes what is here of a frame that passes by; the frame when that was all of it.
std::optional<frame_reader::frame> frame_reader::pass() {
  auto part = in_.first(std::min(in_.size(), total_ - size_));
  in_ = in_.subspan(part.size());
  auto keep_first = std::min(part.size(), edge_bytes - std::min(edge_bytes, size_));
  std::copy_n(part.begin(), keep_first, edges_->first.begin() + static_cast<std::ptrdiff_t>(std::min(edge_bytes, size_)));
  // The last bytes so far stand at the end of `last`.
  auto keep_last = std::min(part.size(), edge_bytes);
  std::move(edges_->last.begin() + static_cast<std::ptrdiff_t>(keep_last), edges_->last.end(), edges_->last.begin());
  std::copy(part.end() - static_cast<std::ptrdiff_t>(keep_last), part.end(), edges_->last.end() - static_cast<std::ptrdiff_t>(keep_last));
  size_ += part.size();
  if (size_ < total_) {
    drop_rest();
    return std::nullopt;
  }
  auto kept = std::min(total_, edge_bytes);
  frame f{std::span{edges_->first}.first(kept), nullptr, 0, total_, std::span{edges_->last}.last(kept)};
  drop_frame();
  return f;
}

/// Takes what is here of a frame out of the way of the next read.
void frame_reader::collect(std::size_t length) {
  bool adopts = fills_spare(length) && in_.size() * growth >= spare_->capacity();
  auto capacity = adopts ? spare_->capacity() : std::min(length, std::max(frame_pool::free_of_caps, growth * in_.size()));
  // What is kept of it already has been taken from the pool, and is given back when it is copied.
  needs_memory_ = !memory_->take(capacity - std::min(capacity, rest_size_), now_);
  total_ = length;
  if (needs_memory_)
    return;
  size_ = in_.size();
  capacity_ = capacity;
  body_ = adopts ? spare_->take() : std::make_unique_for_overwrite<std::byte[]>(capacity_);
  if (size_ > 0 && !adopts)
    std::memcpy(body_.get(), in_.data(), size_);
  in_ = {};
  rest_.reset();
  if (rest_size_ > capacity_)
    memory_->give_back(rest_size_ - capacity_);
  rest_size_ = 0;
}

void frame_reader::keep_rest() {
  if (in_.empty())
    return drop_rest();
  if (rest_)
    return;
  memory_->take_anyway(in_.size());
  rest_size_ = in_.size();
  spare_ = nullptr; // another link's from now on
  rest_ = std::make_unique_for_overwrite<std::byte[]>(rest_size_);
  std::memcpy(rest_.get(), in_.data(), rest_size_);
  in_ = {rest_.get(), rest_size_};
}

void frame_reader::drop_rest() noexcept {
  rest_.reset();
  memory_->give_back(std::exchange(rest_size_, 0));
}

frame_reader::clock::time_point frame_reader::deadline(std::chrono::milliseconds allowed) const noexcept {
  constexpr std::size_t slowest = 256u << 10; // bytes a second
  return began_ + allowed + std::chrono::seconds{total_ / slowest};
}

void frame_reader::clear() noexcept {
  in_ = {};
  spare_ = nullptr;
  expected_ = 0;
  drop_rest();
  drop_frame();
  edges_.reset();
}

void frame_reader::drop_frame() noexcept {
  body_.reset();
  memory_->give_back(std::exchange(capacity_, 0));
  length_have_ = size_ = total_ = 0;
}

} // namespace ockam
