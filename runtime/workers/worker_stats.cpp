// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/worker_stats.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace ockam {

// Values below 4 have a bucket each; above, the two bits behind the highest one choose among four:
//
//     bucket = 4 * (position of the highest bit - 1) + the two bits behind it
std::size_t latency_histogram::bucket_of(std::uint64_t ns) noexcept {
  if (ns < 4)
    return static_cast<std::size_t>(ns);
  auto high = static_cast<std::size_t>(std::bit_width(ns)) - 1;
  return std::min(buckets - 1, 4 * (high - 1) + static_cast<std::size_t>(ns >> (high - 2) & 3));
}

namespace {

constexpr std::int64_t width_of(std::size_t bucket) noexcept {
  return bucket < 4 ? 1 : std::int64_t{1} << (bucket / 4 - 1);
}

constexpr std::int64_t begin_of(std::size_t bucket) noexcept {
  return bucket < 4 ? static_cast<std::int64_t>(bucket) : static_cast<std::int64_t>(4 + bucket % 4) * width_of(bucket);
}

} // namespace

std::chrono::nanoseconds latency_histogram::middle_of(std::size_t bucket) noexcept {
  return std::chrono::nanoseconds{begin_of(bucket) + width_of(bucket) / 2};
}

std::chrono::nanoseconds latency_histogram::end_of(std::size_t bucket) noexcept {
  return bucket + 1 >= buckets ? std::chrono::nanoseconds::max() : std::chrono::nanoseconds{begin_of(bucket) + width_of(bucket)};
}

void latency_histogram::add(std::chrono::nanoseconds d) noexcept {
  auto& c = counts_[bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(0, d.count())))];
  c.store(c.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void latency_histogram::merge_into(std::vector<std::uint64_t>& counts) const {
  counts.resize(buckets);
  for (std::size_t i = 0; i < buckets; ++i)
    counts[i] += counts_[i].load(std::memory_order_relaxed);
}

std::chrono::nanoseconds latency_histogram::percentile(const std::vector<std::uint64_t>& counts, double share) noexcept {
  auto total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (seen += counts[i]; seen > wanted || (seen == total && total > 0))
      return middle_of(i);
  return std::chrono::nanoseconds{0};
}

std::atomic<std::uint64_t>& own_counters::at(std::string_view name) {
  std::lock_guard guard{lock_};
  auto it = counters_.find(name);
  return it != counters_.end() ? it->second : counters_.try_emplace(std::string{name}, 0).first->second;
}

std::vector<std::pair<std::string, std::uint64_t>> own_counters::values() const {
  std::lock_guard guard{lock_};
  std::vector<std::pair<std::string, std::uint64_t>> out;
  for (const auto& [name, value] : counters_)
    out.emplace_back(name, value.load(std::memory_order_relaxed));
  return out;
}

void own_counters::behavior(worker_behavior b) {
  std::lock_guard guard{lock_};
  behavior_ = std::move(b);
}

worker_behavior own_counters::behavior() const {
  std::lock_guard guard{lock_};
  return behavior_;
}

worker_stats::~worker_stats() {
  delete latency_.load(std::memory_order_relaxed);
  delete counters_.load(std::memory_order_relaxed);
}

} // namespace ockam
