// SPDX-License-Identifier: Apache-2.0
#include "simulate/determinism.hpp"

#include <cstring>
#include <ctime>
#include <exception>
#include <random>
#include <sys/random.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace {

struct substitute {
  std::mt19937_64 random;
  std::chrono::steady_clock::time_point now{std::chrono::hours{1}};
};
thread_local substitute* of_this_thread = nullptr;

} // namespace

namespace ockam::simulate {

void run_reproducibly(std::uint64_t seed, const std::function<void()>& f) {
  std::exception_ptr thrown;
  std::thread t{[&] {
    substitute s{std::mt19937_64{seed ^ 0x9e3779b97f4a7c15u}, {}};
    of_this_thread = &s;
    try {
      f();
    } catch (...) {
      thrown = std::current_exception();
    }
    of_this_thread = nullptr;
  }};
  t.join();
  if (thrown)
    std::rethrow_exception(thrown);
}

void time_is(std::chrono::steady_clock::time_point now) noexcept {
  if (of_this_thread)
    of_this_thread->now = now;
}

} // namespace ockam::simulate

// -- in place of the system's --------------------------------------------------------------------------

std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept {
  if (of_this_thread)
    return of_this_thread->now;
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return time_point{seconds{t.tv_sec} + nanoseconds{t.tv_nsec}};
}

std::random_device::result_type std::random_device::_M_getval() {
  if (of_this_thread)
    return static_cast<result_type>(of_this_thread->random());
  result_type out = 0;
  while (::syscall(SYS_getrandom, &out, sizeof(out), 0) != static_cast<long>(sizeof(out)))
    ;
  return out;
}

extern "C" ssize_t getrandom(void* to, std::size_t n, unsigned flags) {
  if (!of_this_thread)
    return ::syscall(SYS_getrandom, to, n, flags);
  auto* at = static_cast<unsigned char*>(to);
  for (std::size_t i = 0; i < n; ++i)
    at[i] = static_cast<unsigned char>(of_this_thread->random() >> 32);
  return static_cast<ssize_t>(n);
}
