// SPDX-License-Identifier: Apache-2.0
// Traces of what a worker sends: which one it belongs to follows from the call that runs.
#include "runtime/core/message_span.hpp"
#include "runtime/workers/worker_host.hpp"

#include <utility>

namespace ockam {

const trace_context* worker::trace() const {
  return host().trace();
}

const trace_context& worker::start_trace() {
  return host().start_trace(nullptr);
}

const trace_context& worker::start_trace(message& m) {
  return host().start_trace(&m);
}

void worker_host::carry_on(const trace_context& of) {
  more().trace = std::make_unique<carried_trace>(carried_trace{of});
}

void worker_host::end_trace(const std::optional<std::string>& threw) noexcept {
  if (auto& root = extras_->trace->root; root && threw)
    root->failed(drop_reason::worker_failed, *threw);
  extras_->trace.reset();
}

void worker_host::add_trace(message& m) const {
  if (const auto* t = trace()) [[unlikely]]
    m.header.set_trace_context(*t);
}

const trace_context& worker_host::start_trace(message* m) {
  static const trace_context none;
  if (!has_turn("start_trace"))
    return none;
  auto t = from_.spans ? from_.spans->begin() : begin_trace(1);
  carry_on(t);
  if (m)
    m->header.set_trace_context(t);
  auto& carried = *extras_->trace;
  if (!from_.spans)
    return carried.of;
  span s;
  s.worker = to_string(self_);
  if (!m) {
    s.what = "send";
    s.kind = span_kind::producer;
    carried.root = from_.spans->begin_root(t, std::move(s));
  } else {
    message_span::begin(*m, from_.spans->begin_root(t, std::move(s)));
  }
  return carried.of;
}

worker_host::within_trace::within_trace(worker_host& h, const trace_context* of) : host_{of ? &h : nullptr} {
  if (of) [[unlikely]]
    h.carry_on(*of);
}

worker_host::within_trace::~within_trace() {
  if (host_ && host_->extras_)
    host_->extras_->trace.reset();
}

/// A request of a trace is a span of its own, from here to its reply.
worker_host::asked_request worker_host::begin_request(message& m, reply_handler then) {
  asked_request out{std::move(then)};
  const auto* now = trace();
  if (!now) [[likely]]
    return out;
  out.trace = std::make_unique<trace_context>(*now);
  auto of = *now;
  if (from_.spans) {
    span s;
    s.what = "request";
    s.kind = span_kind::client;
    s.worker = to_string(self_);
    s.next = to_string(m.header.next());
    out.span = from_.spans->begin_span(of, std::move(s));
  }
  m.header.set_trace_context(std::move(of));
  return out;
}

} // namespace ockam
