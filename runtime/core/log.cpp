// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/log.hpp"

#include <atomic>

namespace ockam {

namespace {
// The one global of the runtime: a log is a property of the process, and handing it through every
// constructor would say nothing.
log_sink sink;
std::atomic<level> lowest{level::off};
} // namespace

void set_log_sink(log_sink s) {
  sink = std::move(s);
}

void set_log_level(level l) noexcept {
  lowest.store(l, std::memory_order_relaxed);
}

bool log_enabled(level l) noexcept {
  return l >= lowest.load(std::memory_order_relaxed) && sink;
}

void log(level l, std::string_view component, std::string_view message) {
  if (log_enabled(l))
    sink(l, component, message);
}

void log(level l, std::string_view component, const error& e) {
  if (log_enabled(l))
    sink(l, component, to_string(e) + " [" + std::string{to_string(e.code)} + "]");
}

std::string rate_limited_log::line(std::string_view reason, std::string_view message, clock::time_point now) {
  auto [it, first] = reasons_.try_emplace(std::string{reason});
  auto& s = it->second;
  if (!first && now - s.last < interval_) {
    ++s.suppressed;
    return {};
  }
  std::string out{message};
  if (s.suppressed > 0)
    out += " (" + std::to_string(s.suppressed) + " more since the last line)";
  s = {now, 0};
  return out;
}

void rate_limited_log::write(level l, std::string_view component, std::string_view reason,
                             std::string_view message, clock::time_point now) {
  if (auto text = line(reason, message, now); !text.empty())
    log(l, component, text);
}

} // namespace ockam
