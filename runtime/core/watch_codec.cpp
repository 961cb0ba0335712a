// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/watch_codec.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/bare.hpp"

#include <algorithm>

namespace ockam::watch {

namespace {

using bytes = std::span<const std::byte>;

constexpr std::uint8_t version = 1;
enum class kind : std::uint8_t { ping = 1, pong = 2 };
enum class what : std::uint8_t { add = 1, remove = 2 };

/// Of an integer, and of what stands before a string.
constexpr std::size_t longest_uint = 10;

void append(std::vector<std::byte>& out, auto one_byte) { out.push_back(static_cast<std::byte>(one_byte)); }

std::vector<std::byte> begin(kind k, std::string_view session) {
  std::vector<std::byte> out;
  out.reserve(256);
  append(out, version);
  append(out, k);
  bare::append_string(out, session);
  return out;
}

template <class Enum>
bool read(bytes& in, Enum& value, Enum most) {
  if (in.empty() || std::to_integer<std::uint8_t>(in.front()) > static_cast<std::uint8_t>(most))
    return false;
  value = static_cast<Enum>(in.front());
  in = in.subspan(1);
  return true;
}

bool read(bytes& in, std::uint64_t& value) {
  auto n = bare::read_uint(in);
  value = n.value_or(0);
  return n.has_value();
}

bool read(bytes& in, std::string_view& text, std::size_t most) {
  auto s = bare::read_string(in);
  text = s.value_or(std::string_view{});
  return s && s->size() <= most;
}

bool read_begin(bytes& in, kind expected, std::string_view& session) {
  if (in.size() < 2 || in.size() > most_bytes || in[0] != static_cast<std::byte>(version)
      || in[1] != static_cast<std::byte>(expected))
    return false;
  in = in.subspan(2);
  return read(in, session, session_length) && session.size() == session_length;
}

bool read(bytes& in, change& c) {
  auto w = what::add;
  if (!read(in, w, what::remove))
    return false;
  if (w == what::remove)
    return read(in, c.watch) && c.watch != 0;
  return w == what::add && read(in, c.name, max_name_length) && !c.name.empty();
}

bool read(bytes& in, down& d) {
  return read(in, d.watch) && read(in, d.why, reason::refused) && read(in, d.words, most_words);
}

/// No more than there is room for: every item has two bytes at least.
template <class Item>
bool read_rest(bytes in, std::vector<Item>& items) {
  while (!in.empty())
    if (!read(in, items.emplace_back()))
      return false;
  return true;
}

} // namespace

std::size_t size_of(const change& c) noexcept { return 1 + longest_uint + c.name.size(); }

std::size_t size_of(const down& d) noexcept { return 1 + 2 * longest_uint + d.words.size(); }

payload encode(const ping& p) {
  auto out = begin(kind::ping, p.session);
  bare::append_uint(out, p.seen);
  bare::append_uint(out, p.first);
  for (const auto& c : p.changes)
    if (append(out, c.name.empty() ? what::remove : what::add); c.name.empty())
      bare::append_uint(out, c.watch);
    else
      bare::append_string(out, c.name);
  return payload{out};
}

payload encode(const pong& p) {
  auto out = begin(kind::pong, p.session);
  append(out, p.state);
  bare::append_uint(out, p.done);
  bare::append_uint(out, p.first);
  for (const auto& d : p.downs) {
    bare::append_uint(out, d.watch);
    append(out, d.why);
    bare::append_string(out, d.words.substr(0, most_words));
  }
  return payload{out};
}

std::optional<ping> decode_ping(bytes in) {
  ping p;
  if (!read_begin(in, kind::ping, p.session) || !read(in, p.seen) || !read(in, p.first) || p.first == 0
      || !read_rest(in, p.changes))
    return std::nullopt;
  return p;
}

std::optional<pong> decode_pong(bytes in) {
  pong p;
  if (!read_begin(in, kind::pong, p.session) || !read(in, p.state, standing::stopping) || !read(in, p.done)
      || !read(in, p.first) || p.first == 0 || !read_rest(in, p.downs))
    return std::nullopt;
  return p;
}

} // namespace ockam::watch
