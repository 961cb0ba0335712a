// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/trace_context.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/hex.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace ockam {

namespace {

/// Small digits only: capital ones are against the rules.
int digit(char c) noexcept {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool read_hex(std::string_view text, std::span<std::byte> out) noexcept {
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0)
      return false;
    out[i] = static_cast<std::byte>(high * 16 + low);
  }
  return true;
}

bool is_zero(std::span<const std::byte> id) noexcept {
  return std::all_of(id.begin(), id.end(), [](auto b) { return b == std::byte{0}; });
}

template <std::size_t N>
std::array<std::byte, N> random_id() {
  std::array<std::byte, N> id;
  do {
    auto bytes = random_128();
    std::copy_n(bytes.begin(), N, id.begin());
  } while (is_zero(id));
  return id;
}

} // namespace

std::string trace_context::trace_id_text() const {
  return to_hex(trace_id);
}

std::string trace_context::span_id_text() const {
  return to_hex(span_id);
}

std::string trace_context::traceparent() const {
  return "00-" + trace_id_text() + "-" + span_id_text() + "-" + to_hex(std::array{std::byte{flags}});
}

std::optional<trace_context> parse_traceparent(std::string_view text) noexcept {
  // VERSION(2) - TRACE ID(32) - SPAN ID(16) - FLAGS(2)
  constexpr std::size_t id_at = 3, span_at = 36, flags_at = 53;
  if (text.size() < trace_context::traceparent_size || text[id_at - 1] != '-' || text[span_at - 1] != '-' || text[flags_at - 1] != '-')
    return std::nullopt;
  std::array<std::byte, 1> version, flags;
  trace_context out;
  if (!read_hex(text, version) || !read_hex(text.substr(id_at), out.trace_id) || !read_hex(text.substr(span_at), out.span_id)
      || !read_hex(text.substr(flags_at), flags))
    return std::nullopt;
  bool longer = text.size() > trace_context::traceparent_size;
  if (version[0] == std::byte{0xff} || (longer && (version[0] == std::byte{0} || text[trace_context::traceparent_size] != '-')))
    return std::nullopt;
  if (is_zero(out.trace_id) || is_zero(out.span_id))
    return std::nullopt;
  out.flags = std::to_integer<std::uint8_t>(flags[0]);
  return out;
}

bool is_tracestate(std::string_view text) noexcept {
  auto printable = [](char c) { return (c >= 0x20 && c <= 0x7e) || c == '\t'; };
  return text.size() <= trace_context::most_state && std::all_of(text.begin(), text.end(), printable)
         && std::count(text.begin(), text.end(), ',') < static_cast<std::ptrdiff_t>(trace_context::most_state_members);
}

trace_context::span_id_bytes make_span_id() {
  return random_id<8>();
}

trace_context begin_trace(double sample) {
  trace_context t;
  t.trace_id = random_id<16>();
  t.span_id = make_span_id();
  // The last 56 bits, as samplers of OpenTelemetry do: nodes that begin none of a trace agree on it.
  std::uint64_t number = 0;
  for (std::size_t i = 9; i < t.trace_id.size(); ++i)
    number = number << 8 | std::to_integer<std::uint64_t>(t.trace_id[i]);
  bool sampled = sample >= 1 || static_cast<double>(number) < sample * std::ldexp(1.0, 56);
  t.flags = static_cast<std::uint8_t>(trace_context::random_flag | (sampled ? trace_context::sampled_flag : 0));
  return t;
}

} // namespace ockam
