// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

/// Logging as the runtime sees it: a sink that `main` provides. No log library here, none in tests.
namespace ockam {

enum class level : std::uint8_t { trace, debug, info, warn, error, off };

/// Takes one line. Called from any thread; must not block.
using log_sink = std::function<void(level, std::string_view component, std::string_view message)>;

/// Installs the sink and the lowest level that reaches it. Call before threads start; the level may be
/// changed at any time.
void set_log_sink(log_sink sink);
void set_log_level(level lowest) noexcept;

bool log_enabled(level l) noexcept;
void log(level l, std::string_view component, std::string_view message);
void log(level l, std::string_view component, const error& e);

/// Lines about hostile input: at most one in an interval for each reason, with the number of those that
/// were left out. The caller says what time it is. One thread at a time.
class rate_limited_log {
 public:
  using clock = std::chrono::steady_clock;

  explicit rate_limited_log(std::chrono::milliseconds interval) : interval_{interval} {}

  /// The line to write now, or nothing: `message (12 more since the last line)`.
  std::string line(std::string_view reason, std::string_view message, clock::time_point now);
  void write(level l, std::string_view component, std::string_view reason, std::string_view message,
             clock::time_point now);

 private:
  struct state {
    clock::time_point last;
    std::uint64_t suppressed = 0;
  };
  std::chrono::milliseconds interval_;
  std::unordered_map<std::string, state> reasons_; // reasons are ours: a fixed, small set
};

} // namespace ockam
