// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ockam {

/// To which trace a message belongs, and what it was sent by: what `traceparent` and `tracestate` of W3C Trace Context
/// (https://www.w3.org/TR/trace-context, section 3) say. Not the trace of a route that `ockam trace` makes, which a
/// message's flags ask for. A value; any thread.
struct trace_context {
  static constexpr std::size_t traceparent_size = 55; ///< of version 00
  static constexpr std::size_t most_state = 512;      ///< bytes of `state`: as much as everybody has to pass on
  static constexpr std::size_t most_state_members = 32;
  static constexpr std::uint8_t sampled_flag = 1;
  static constexpr std::uint8_t random_flag = 2; ///< the trace id was made of random bits

  using trace_id_bytes = std::array<std::byte, 16>;
  using span_id_bytes = std::array<std::byte, 8>;

  trace_id_bytes trace_id{}; ///< not all zero
  span_id_bytes span_id{};   ///< of who has sent the message; not all zero
  std::uint8_t flags = 0;
  std::string state = {};    ///< `tracestate`, as it came; empty: none

  /// Whoever began the trace wants spans of it kept.
  bool is_sampled() const noexcept { return (flags & sampled_flag) != 0; }
  /// `00-TRACE ID-SPAN ID-FLAGS`.
  std::string traceparent() const;
  std::string trace_id_text() const; ///< 32 hex digits
  std::string span_id_text() const;  ///< 16 hex digits

  std::size_t heap_bytes() const noexcept { return sizeof(trace_context) + state.capacity(); }
  friend bool operator==(const trace_context&, const trace_context&) = default;
};

/// Without a state. Nothing, when it is no `traceparent`: ids of zeros, digits that are not small, version ff, version 00 of
/// another length. Of a later version the first 55 characters count, as the specification says.
std::optional<trace_context> parse_traceparent(std::string_view text) noexcept;

/// Whether it may go on: at most 512 printable characters in at most 32 members. What members say is their makers' own.
bool is_tracestate(std::string_view text) noexcept;

/// A trace that begins here, with random ids. `sample`: how many of all to sample, from 0 to 1; whether this one is among
/// them follows from its id.
trace_context begin_trace(double sample);

/// A random id for a span.
trace_context::span_id_bytes make_span_id();

} // namespace ockam
