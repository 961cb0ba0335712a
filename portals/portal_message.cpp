// SPDX-License-Identifier: Apache-2.0
#include "portals/portal_message.hpp"

#include "runtime/core/bare.hpp"

#include <array>
#include <cstring>
#include <vector>

namespace ockam::portal {

namespace {

/// In front of what a node of this implementation adds: nobody else's bytes are taken for it.
constexpr std::string_view mark = "o+";
constexpr std::byte version{1};

std::byte byte_of(tag t) {
  return static_cast<std::byte>(t);
}

/// Takes the mark and the version off. False for another implementation, or a version to come.
bool take_mark(std::span<const std::byte>& in) noexcept {
  if (in.size() <= mark.size() || std::memcmp(in.data(), mark.data(), mark.size()) != 0 || in[mark.size()] != version)
    return false;
  in = in.subspan(mark.size() + 1);
  return true;
}

void append_mark(std::vector<std::byte>& out) {
  for (char c : mark)
    out.push_back(static_cast<std::byte>(c));
  out.push_back(version);
}

std::optional<hello> read_hello(std::span<const std::byte> in) noexcept {
  if (!take_mark(in))
    return std::nullopt;
  auto window = bare::read_uint(in);
  return window ? std::optional{hello{*window}} : std::nullopt;
}

std::optional<farewell> read_farewell(std::span<const std::byte> in) noexcept {
  if (!take_mark(in) || in.empty() || std::to_integer<std::uint8_t>(in[0]) >= end_reasons)
    return std::nullopt;
  farewell f{static_cast<end_reason>(in[0])};
  in = in.subspan(1);
  if (auto text = bare::read_string(in))
    f.text = text->substr(0, farewell::most_text);
  return f;
}

/// Three bytes behind the data that begin with 1 are a counter; anything else says nothing.
std::optional<std::uint16_t> read_counter(std::span<const std::byte> in) noexcept {
  if (in.size() < tail_room || in[0] != std::byte{1})
    return std::nullopt;
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(in[1]) | std::to_integer<unsigned>(in[2]) << 8);
}

/// Tag and length of a Payload, at most `head_room` bytes; returns how many that took.
std::size_t write_head(std::byte* out, std::size_t size) noexcept {
  std::size_t n = 0;
  out[n++] = byte_of(tag::payload);
  for (; size >= 0x80; size >>= 7)
    out[n++] = static_cast<std::byte>(size | 0x80);
  out[n++] = static_cast<std::byte>(size);
  return n;
}

void write_tail(std::byte* at, std::uint16_t counter) noexcept {
  at[0] = std::byte{1};
  at[1] = static_cast<std::byte>(counter);
  at[2] = static_cast<std::byte>(counter >> 8);
}

} // namespace

std::string_view to_string(end_reason r) noexcept {
  constexpr std::array<std::string_view, end_reasons> names{
    "closed",  "connection reset", "target unreachable", "target timed out", "something was lost on the way", "refused by the outlet",
    "stopped", "protocol violation", "idle for too long", "the receiver takes nothing", "the other end is gone"};
  auto i = static_cast<std::size_t>(r);
  return i < names.size() ? names[i] : "unknown";
}

std::string_view name_of(end_reason r) noexcept {
  constexpr std::array<std::string_view, end_reasons> names{"closed",  "reset",     "unreachable", "timed-out", "broken", "refused",
                                                            "stopped", "violation", "idle",        "stuck",     "gone"};
  auto i = static_cast<std::size_t>(r);
  return i < names.size() ? names[i] : "unknown";
}

std::optional<message_view> decode(std::span<const std::byte> in) noexcept {
  if (in.empty())
    return std::nullopt;
  auto number = std::to_integer<std::uint8_t>(in[0]);
  if (number > static_cast<std::uint8_t>(tag::end))
    return std::nullopt;
  message_view m{static_cast<tag>(number)};
  in = in.subspan(1);
  switch (m.what) {
    case tag::ping:
    case tag::pong: m.greeting = read_hello(in); return m;
    case tag::disconnect: m.goodbye = read_farewell(in); return m;
    case tag::payload: {
      auto data = bare::read_string(in);
      if (!data)
        return std::nullopt;
      m.data = std::as_bytes(std::span{*data});
      m.counter = read_counter(in);
      return m;
    }
    case tag::window:
    case tag::end: {
      auto total = bare::read_uint(in);
      if (!total)
        return std::nullopt;
      m.total = *total;
      return m;
    }
  }
  return std::nullopt;
}

payload encode(tag bare) {
  return payload{std::array{byte_of(bare)}};
}

payload encode(tag what, const hello& h) {
  std::vector<std::byte> out{byte_of(what)};
  append_mark(out);
  bare::append_uint(out, h.window);
  return payload{out};
}

payload encode(const farewell& f) {
  std::vector<std::byte> out{byte_of(tag::disconnect)};
  append_mark(out);
  out.push_back(static_cast<std::byte>(f.why));
  bare::append_string(out, f.text.substr(0, farewell::most_text));
  return payload{out};
}

payload encode(tag what, std::uint64_t total) {
  std::vector<std::byte> out{byte_of(what)};
  bare::append_uint(out, total);
  return payload{out};
}

payload encode_in_place(std::unique_ptr<std::byte[]> block, std::size_t capacity, std::size_t size, std::uint16_t counter) {
  std::array<std::byte, head_room> head;
  auto n = write_head(head.data(), size);
  auto begin = head_room - n;
  std::memcpy(block.get() + begin, head.data(), n);
  write_tail(block.get() + head_room + size, counter);
  return payload{std::move(block), capacity, begin, n + size + tail_room};
}

payload encode_copy(std::span<const std::byte> data, std::uint16_t counter) {
  if (head_room + data.size() + tail_room > payload::inline_capacity) {
    auto capacity = head_room + data.size() + tail_room;
    auto block = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (!data.empty())
      std::memcpy(block.get() + head_room, data.data(), data.size());
    return encode_in_place(std::move(block), capacity, data.size(), counter);
  }
  std::array<std::byte, payload::inline_capacity> out;
  auto n = write_head(out.data(), data.size());
  if (!data.empty())
    std::memcpy(out.data() + n, data.data(), data.size());
  write_tail(out.data() + n + data.size(), counter);
  return payload{std::span{out}.first(n + data.size() + tail_room)};
}

} // namespace ockam::portal
