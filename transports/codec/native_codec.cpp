// SPDX-License-Identifier: Apache-2.0
#include "transports/codec/native_codec.hpp"

#include <algorithm>

namespace ockam::native_codec {

namespace {

constexpr std::byte header_tag{0x0a};
constexpr std::byte payload_tag{0x12};

constexpr std::size_t varint_size(std::size_t v) noexcept {
  std::size_t n = 1;
  for (; v >= 0x80; v >>= 7)
    ++n;
  return n;
}

std::byte* write_varint(std::byte* out, std::size_t v) noexcept {
  for (; v >= 0x80; v >>= 7)
    *out++ = static_cast<std::byte>(v | 0x80);
  *out++ = static_cast<std::byte>(v);
  return out;
}

/// Takes `tag LEN bytes` off the front of `in`. Sizes here have at most 32 bits.
std::optional<std::span<const std::byte>> take_field(std::span<const std::byte>& in, std::byte tag) noexcept {
  if (in.empty() || in.front() != tag)
    return std::nullopt;
  auto rest = in.subspan(1);
  std::size_t size = 0;
  for (int shift = 0; shift < 35 && !rest.empty(); shift += 7) {
    auto byte = std::to_integer<std::size_t>(rest.front());
    rest = rest.subspan(1);
    size |= (byte & 0x7f) << shift;
    if ((byte & 0x80) != 0)
      continue;
    if (size > rest.size())
      return std::nullopt;
    in = rest.subspan(size);
    return rest.first(size);
  }
  return std::nullopt;
}

refusal reason_of(errc code) noexcept {
  switch (code) {
    case errc::too_large: return refusal::too_many_hops;
    case errc::invalid_address: return refusal::name_too_long;
    default: return refusal::malformed_frame;
  }
}

/// Of the first field.
decoded_message decode_header(std::span<const std::byte> encoded, route_header& header) {
  decoded_message d;
  auto h = route_header::decode(encoded, &d.bad_trace);
  if (!h)
    return {reason_of(h.error().code), {}};
  header = std::move(*h);
  header.hop_budget(std::min(header.hop_budget(), route_header::default_hop_budget));
  return d;
}

} // namespace

decoded_message decode(std::span<const std::byte> in, route_header& header) {
  auto encoded = take_field(in, header_tag);
  if (!encoded)
    return {refusal::malformed_frame, {}};
  std::span<const std::byte> body;
  if (!in.empty()) {
    auto found = take_field(in, payload_tag);
    if (!found || !in.empty())
      return {refusal::malformed_frame, {}};
    body = *found;
  }
  auto d = decode_header(*encoded, header);
  d.body = body;
  return d;
}

decoded_message decode_edges(std::span<const std::byte> first, std::span<const std::byte>, std::size_t, route_header& header) {
  auto encoded = take_field(first, header_tag);
  return encoded ? decode_header(*encoded, header) : decoded_message{refusal::malformed_frame, {}};
}

extra_text extras(const route_header&) {
  return {};
}

message_size measure(const route_header& h, std::size_t payload, std::string_view) noexcept {
  auto size = h.encoded_size();
  message_size s;
  s.head = 1 + varint_size(size) + size + 1 + varint_size(payload);
  s.total = s.head + payload;
  return s;
}

std::byte* write_head(std::byte* out, const route_header& h, std::size_t payload, bool) noexcept {
  *out++ = header_tag;
  out = write_varint(out, h.encoded_size());
  out = h.encode(out);
  *out++ = payload_tag;
  return write_varint(out, payload);
}

std::byte* write_tail(std::byte* out, std::string_view) noexcept {
  return out;
}

} // namespace ockam::native_codec
