// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/tracer.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

namespace ockam {

// -- open_span ---------------------------------------------------------------------------------------

open_span::open_span(tracer& to, const trace_context& of, bool is_root, span s)
  : to_{to}, span_{std::move(s)}, exceptions_{std::uncaught_exceptions()} {
  span_.trace_id = of.trace_id;
  span_.span_id = is_root ? of.span_id : make_span_id();
  if (!is_root)
    span_.parent_id = of.span_id;
  span_.state = of.state;
  span_.begin = std::chrono::system_clock::now();
}

open_span::~open_span() {
  if (!span_.is_error() && std::uncaught_exceptions() > exceptions_)
    span_.failed = drop_reason::worker_failed; // the message goes as the handler that has it throws
  span_.lasted = std::chrono::steady_clock::now() - began_;
  to_.take(std::move(span_));
}

void open_span::passed_on(address_view next) {
  became("forward", span_kind::consumer);
  span_.next = to_string(next);
}

void open_span::failed(drop_reason why, std::string_view detail) {
  span_.failed = why;
  span_.detail = printable(detail.substr(0, span::most_detail));
}

void open_span::failed(std::string_view kind, std::string_view detail) {
  span_.error = kind;
  span_.detail = printable(detail.substr(0, span::most_detail));
}

// -- tracer ------------------------------------------------------------------------------------------

void tracer::open(std::size_t most, std::size_t enough, double sample) {
  {
    std::lock_guard guard{lock_};
    most_ = most;
    enough_ = std::min(enough, most);
  }
  sample_.store(sample, std::memory_order_relaxed);
  used_.store(true, std::memory_order_relaxed);
  open_.store(true, std::memory_order_relaxed);
}

std::unique_ptr<open_span> tracer::begin_span(trace_context& of, span s) {
  if (!of.is_sampled() || !is_open())
    return nullptr;
  auto made = std::make_unique<open_span>(*this, of, false, std::move(s));
  of.span_id = made->id();
  return made;
}

std::unique_ptr<open_span> tracer::begin_root(const trace_context& of, span s) {
  if (!of.is_sampled() || !is_open())
    return nullptr;
  return std::make_unique<open_span>(*this, of, true, std::move(s));
}

void tracer::take(span&& s) noexcept {
  kept_.fetch_add(1, std::memory_order_relaxed);
  try {
    std::lock_guard guard{lock_};
    if (waiting_.size() < most_) {
      waiting_.push_back(std::move(s));
      if (waiting_.size() == enough_)
        changed_.notify_one();
      return;
    }
  } catch (const std::exception&) { // no memory: the span goes, not the message
  }
  dropped_.fetch_add(1, std::memory_order_relaxed);
}

std::vector<span> tracer::wait(std::size_t most, clock::time_point until) {
  std::vector<span> out;
  std::unique_lock guard{lock_};
  changed_.wait_until(guard, until, [this] { return woken_ || waiting_.size() >= enough_; });
  woken_ = false;
  auto n = static_cast<std::ptrdiff_t>(std::min(most, waiting_.size()));
  out.assign(std::move_iterator{waiting_.begin()}, std::move_iterator{waiting_.begin() + n});
  waiting_.erase(waiting_.begin(), waiting_.begin() + n);
  return out;
}

void tracer::wake() noexcept {
  std::lock_guard guard{lock_};
  woken_ = true;
  changed_.notify_one();
}

tracer::counts tracer::figures() const {
  counts c{kept_, sent_, dropped_, failed_, 0};
  std::lock_guard guard{lock_};
  c.waiting = waiting_.size();
  return c;
}

} // namespace ockam
