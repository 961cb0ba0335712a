// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/address.hpp"
#include "runtime/core/reason.hpp"
#include "runtime/core/trace_context.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace ockam {

class tracer;

/// What a span is to its parent. Numbers are those of OpenTelemetry's `Span.SpanKind`.
enum class span_kind : std::uint8_t { internal = 1, server = 2, client = 3, producer = 4, consumer = 5 };

/// What a node keeps of one step of a trace: what one worker did with one message, from its arrival to its end. A
/// value without anything of the payload.
struct span {
  static constexpr std::size_t most_detail = 256;

  trace_context::trace_id_bytes trace_id{};
  trace_context::span_id_bytes span_id{};
  trace_context::span_id_bytes parent_id{}; ///< all zero: the trace begins here
  std::string state = {};                   ///< `tracestate`

  /// `answer`, `forward`, `process` (it ended there, without an answer), `request`, `send`: static text.
  std::string_view what = "process";
  span_kind kind = span_kind::consumer;
  std::string worker = {};   ///< its address, `0#echo`
  std::string type = {};     ///< echo, hop, script, …
  std::string link = {};     ///< the link that the message came by, straight
  std::string peer = {};     ///< the socket address at its other end
  std::string identity = {}; ///< who that end has proved to be
  std::string next = {};     ///< where it was passed on to, or what was asked

  std::chrono::system_clock::time_point begin{};
  std::chrono::nanoseconds lasted{0};
  drop_reason failed = drop_reason::none; ///< it did not do what it was to
  std::string error = {};                 ///< the kind of a failure that is no drop: `timeout`
  std::string detail = {};                ///< a sentence about it

  bool is_error() const noexcept { return failed != drop_reason::none || !error.empty(); }
};

/// A span that has not ended. It ends with this, once, whatever has become of the message. One owner at a time, which may
/// hand it from thread to thread; the tracer lives longer.
class open_span {
 public:
  /// It began now, as a child of `parent`'s span; without one, with a trace of its own.
  open_span(tracer& to, const trace_context& of, bool is_root, span s);
  /// Within an exception: as failed.
  ~open_span();
  open_span(const open_span&) = delete;
  open_span& operator=(const open_span&) = delete;

  const trace_context::span_id_bytes& id() const noexcept { return span_.span_id; }
  tracer& to() const noexcept { return to_; }

  void became(std::string_view what, span_kind kind) noexcept {
    span_.what = what;
    span_.kind = kind;
  }
  void passed_on(address_view next);
  void failed(drop_reason why, std::string_view detail);
  /// The failure of what it asked for.
  void failed(std::string_view kind, std::string_view detail);

 private:
  tracer& to_;
  span span_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  int exceptions_;
};

} // namespace ockam
