// SPDX-License-Identifier: Apache-2.0
// Replaces the global operators, so that a benchmark can say how often memory was asked for.
#include "tests/bench/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> count{0};

} // namespace

namespace ockam::bench {

std::uint64_t allocations() noexcept {
  return count.load(std::memory_order_relaxed);
}

} // namespace ockam::bench

// The array forms call these; the aligned ones are not used by what is measured.
void* operator new(std::size_t size) {
  count.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(size))
    return p;
  throw std::bad_alloc{};
}

void operator delete(void* p) noexcept {
  std::free(p);
}

void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
