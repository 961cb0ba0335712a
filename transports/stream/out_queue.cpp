// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/out_queue.hpp"

#include "runtime/net/write_segments.hpp"

#include <algorithm>

namespace ockam {

namespace {

/// Blocks of `out_queue::block_size` that nobody uses now: two thousand links that answer one after the
/// other need one.
class block_pool {
 public:
  std::unique_ptr<std::byte[]> take() {
    if (blocks_.empty())
      return std::make_unique_for_overwrite<std::byte[]>(out_queue::block_size);
    auto b = std::move(blocks_.back());
    blocks_.pop_back();
    return b;
  }
  void give(std::unique_ptr<std::byte[]> b) {
    if (blocks_.size() < limit)
      blocks_.push_back(std::move(b));
  }

 private:
  static constexpr std::size_t limit = 32; // 1 MiB
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

thread_local block_pool pool;

} // namespace

std::byte* out_queue::append(std::size_t n) {
  bytes_ += n;
  if (!empty()) {
    auto& last = segments_.back();
    if (last.block && last.capacity - last.size >= n) {
      auto* at = last.block.get() + last.size;
      last.size += n;
      return at;
    }
  }
  auto& s = segments_.emplace_back();
  s.capacity = std::max(n, block_size);
  s.block = n <= block_size ? pool.take() : std::make_unique_for_overwrite<std::byte[]>(n);
  s.size = n;
  s.ends.reserve(32);
  return s.block.get();
}

void out_queue::append(payload p) {
  bytes_ += p.size();
  auto& s = segments_.emplace_back();
  s.size = p.size();
  s.body = std::move(p);
}

void out_queue::keep(credit c) {
  if (empty())
    return;
  auto& last = segments_.back();
  last.ends.push_back(static_cast<std::uint32_t>(last.size));
  last.as_bytes = false;
  if (!c)
    return;
  auto& credits = last.credits;
  if (credits.empty() || !credits.back().merge(c))
    credits.push_back(std::move(c));
}

std::size_t out_queue::messages() const noexcept {
  std::size_t n = 0;
  for (auto i = next_; i < segments_.size(); ++i) {
    const auto& s = segments_[i];
    n += static_cast<std::size_t>(s.ends.end() - std::upper_bound(s.ends.begin(), s.ends.end(), s.written));
  }
  return n;
}

void out_queue::charge_bytes() {
  for (auto i = segments_.size(); i-- > next_ && !segments_[i].as_bytes;) {
    auto& s = segments_[i];
    s.as_bytes = true;
    std::size_t charged = 0;
    for (const auto& c : s.credits)
      charged += c.bytes();
    for (auto& c : s.credits)
      c.resize(std::min(c.bytes(), c.bytes() * s.size / std::max<std::size_t>(1, charged)));
  }
}

void out_queue::charge_to(ledger& l) {
  for (auto i = next_; i < segments_.size(); ++i) {
    // What lives of the messages: their encoded bytes.
    auto& s = segments_[i];
    s.credits.clear();
    s.credits.emplace_back(l, s.size);
  }
}

void out_queue::consume(std::size_t n) {
  bytes_ -= n;
  while (n > 0 || (next_ < segments_.size() && segments_[next_].written == segments_[next_].size)) {
    auto& s = segments_[next_];
    auto step = std::min(n, s.size - s.written);
    s.written += step;
    n -= step;
    if (s.written < s.size)
      break;
    if (s.block && s.capacity == block_size)
      pool.give(std::move(s.block));
    s = segment{}; // its credit comes back here
    ++next_;
  }
  if (empty()) {
    // A vector of a few segments is kept, a long one goes.
    if (segments_.capacity() > 8)
      segments_ = std::vector<segment>{};
    segments_.clear();
    next_ = 0;
  } else if (next_ > 64) {
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(next_));
    next_ = 0;
  }
}

net::io_result out_queue::write_to(net::stream& s) {
  return net::write_segments(
    s, [this] { return std::span{segments_}.subspan(next_); }, [this](std::size_t n) { consume(n); });
}

} // namespace ockam
