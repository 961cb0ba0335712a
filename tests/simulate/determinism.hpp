// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

/// What no process repeats by itself: the time, and randomness of the system. On the thread that runs a
/// schedule both are functions of the seed; every other thread has the real ones. The product knows nothing
/// of it: this program defines `std::chrono::steady_clock::now`, `std::random_device` and `getrandom`, and
/// the linker takes these instead of the system's.
namespace ockam::simulate {

/// Runs `f` on a thread of its own, so that nothing which the product keeps for each thread (random bytes
/// in store, free lists) outlives a schedule. What `f` throws, this throws.
void run_reproducibly(std::uint64_t seed, const std::function<void()>& f);

/// From now on `now` is the time on this thread.
void time_is(std::chrono::steady_clock::time_point now) noexcept;

} // namespace ockam::simulate
