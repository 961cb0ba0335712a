// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/bench/allocations.hpp"

#include <benchmark/benchmark.h>

namespace ockam::bench {

/// Runs `step` in the loop; an error when it allocated more than `allowed` times each.
template <class F>
void measure(benchmark::State& state, std::int64_t steps, std::uint64_t allowed, F&& step) {
  step(); // what is allocated once is allocated here
  auto before = bench::allocations();
  for (auto _ : state)
    step();
  auto each = bench::allocations() - before;
  state.SetItemsProcessed(state.iterations() * steps);
  state.counters["allocations"] = static_cast<double>(each) / static_cast<double>(state.iterations() * steps);
  if (each > allowed * static_cast<std::uint64_t>(state.iterations() * steps))
    state.SkipWithError("it allocates");
}

} // namespace ockam::bench
