// SPDX-License-Identifier: Apache-2.0
#include "transports/ws/ws_frames.hpp"

#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <sys/random.h>
#include <utility>

namespace ockam::ws {

namespace {

constexpr std::byte mask_bit{0x80};

wslay_ptr make_context(const wslay_frame_callbacks& callbacks, void* self) {
  wslay_frame_context_ptr c = nullptr;
  if (wslay_frame_context_init(&c, &callbacks, self) != 0)
    throw std::bad_alloc{};
  return wslay_ptr{c};
}

/// Bytes of the length field behind the first two bytes (RFC 6455, section 5.2).
std::size_t extended_length(std::byte second) {
  auto seven_bits = std::to_integer<unsigned>(second & ~mask_bit);
  return seven_bits == 126 ? 2 : seven_bits == 127 ? 8 : 0;
}

/// Unpredictable, so that what is on the wire cannot be chosen by who chose the payload (RFC 6455, section
/// 10.3). Asking the system for four bytes each time would be dear: it gives as much as it does without
/// waiting.
std::array<std::byte, 4> fresh_key() {
  thread_local std::array<std::byte, 256> random;
  thread_local std::size_t used = random.size();
  if (used == random.size()) {
    while (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    }
    used = 0;
  }
  std::array<std::byte, 4> key;
  std::memcpy(key.data(), random.data() + used, key.size());
  used += key.size();
  return key;
}

} // namespace

void wslay_deleter::operator()(wslay_frame_context* c) const noexcept {
  wslay_frame_context_free(c);
}

void mask(std::byte* out, const std::byte* in, std::size_t n, std::array<std::byte, 4> key, std::uint64_t offset) noexcept {
  std::array<std::byte, 8> twice;
  for (std::size_t i = 0; i < twice.size(); ++i)
    twice[i] = key[(offset + i) % 4];
  std::uint64_t k = 0;
  std::memcpy(&k, twice.data(), sizeof(k));
  std::size_t i = 0;
  for (; i + sizeof(k) <= n; i += sizeof(k)) {
    std::uint64_t v = 0;
    std::memcpy(&v, in + i, sizeof(v));
    v ^= k;
    std::memcpy(out + i, &v, sizeof(v));
  }
  for (; i < n; ++i)
    out[i] = in[i] ^ twice[i % 8];
}

// -- reader ------------------------------------------------------------------------------------------

frame_reader::frame_reader(role own) : own_{own} {
  wslay_frame_callbacks callbacks{};
  callbacks.recv_callback = [](std::uint8_t* to, std::size_t n, int, void* self) -> ssize_t {
    return static_cast<frame_reader*>(self)->feed(reinterpret_cast<std::byte*>(to), n);
  };
  wslay_ = make_context(callbacks, this);
}

std::optional<piece> frame_reader::next(std::span<const std::byte>& in, std::size_t room) {
  if (!violation_.empty())
    return std::nullopt;
  in_ = in;
  room_ = room;
  wslay_frame_iocb got{};
  auto n = wslay_frame_recv(wslay_.get(), &got);
  in = in_;
  if (n < 0) {
    if (violation_.empty() && n != WSLAY_ERR_WANT_READ)
      violation_ = "sent a WebSocket frame that breaks the rules";
    return std::nullopt;
  }
  if (got.rsv != WSLAY_RSV_NONE)
    violation_ = "used a WebSocket extension that was not agreed on";
  else if (got.opcode > 10 || (got.opcode > 2 && got.opcode < 8))
    violation_ = "sent a WebSocket frame of an unknown kind";
  if (!violation_.empty())
    return std::nullopt;
  piece p;
  p.code = static_cast<opcode>(got.opcode);
  p.fin = got.fin != 0;
  p.length = length_ = got.payload_length;
  p.begins = !begun_;
  p.ends = fed_ == length_;
  begun_ = !p.ends;
  p.data = std::as_bytes(std::span{got.data, got.data_length});
  state_ = p.ends ? state::header : state::payload;
  if (p.ends)
    header_have_ = fed_ = 0;
  return p;
}

/// What wslay gets when it asks for bytes: a whole header without its mask; then a single byte of payload,
/// with which it says how long the frame is; then payload up to the end of the frame, never beyond.
std::ptrdiff_t frame_reader::feed(std::byte* to, std::size_t room) {
  if (state_ == state::header)
    return feed_header(to);
  auto n = state_ == state::first_byte ? 1 : static_cast<std::size_t>(std::min<std::uint64_t>(room, length_ - fed_));
  n = std::min({n, in_.size(), room_});
  if (n == 0)
    return -1;
  if (own_ == role::server)
    mask(to, in_.data(), n, key_, fed_);
  else
    std::memcpy(to, in_.data(), n);
  in_ = in_.subspan(n);
  fed_ += n;
  return static_cast<std::ptrdiff_t>(n);
}

std::ptrdiff_t frame_reader::feed_header(std::byte* to) {
  auto have = [this](std::size_t want) {
    auto n = std::min(want - std::min(want, header_have_), in_.size());
    std::memcpy(header_.data() + header_have_, in_.data(), n);
    header_have_ += n;
    in_ = in_.subspan(n);
    return header_have_ >= want;
  };
  if (!have(2))
    return -1;
  bool masked = (header_[1] & mask_bit) == mask_bit;
  if (masked != (own_ == role::server)) {
    violation_ = masked ? "masked a WebSocket frame although it is the server" : "sent a WebSocket frame without a mask";
    return -1;
  }
  auto plain = 2 + extended_length(header_[1]);
  if (!have(plain + (masked ? key_.size() : 0)))
    return -1;
  if (masked)
    std::memcpy(key_.data(), header_.data() + plain, key_.size());
  header_[1] &= ~mask_bit;
  std::memcpy(to, header_.data(), plain);
  state_ = state::first_byte;
  return static_cast<std::ptrdiff_t>(plain);
}

// -- writer ------------------------------------------------------------------------------------------

frame_writer::frame_writer(role own, sink out) : own_{own}, out_{std::move(out)} {
  wslay_frame_callbacks callbacks{};
  callbacks.send_callback = [](const std::uint8_t* from, std::size_t n, int, void* self) -> ssize_t {
    return static_cast<frame_writer*>(self)->take(reinterpret_cast<const std::byte*>(from), n);
  };
  wslay_ = make_context(callbacks, this);
}

void frame_writer::begin(opcode code, std::uint64_t length) {
  code_ = code;
  length_ = missing_ = length;
  if (own_ == role::client)
    key_ = fresh_key();
  header_next_ = true;
  call(code, length, {});
}

void frame_writer::payload(std::span<const std::byte> bytes) {
  if (!bytes.empty())
    call(code_, length_, bytes);
}

void frame_writer::call(opcode code, std::uint64_t length, std::span<const std::byte> data) {
  wslay_frame_iocb frame{};
  frame.fin = 1;
  frame.opcode = static_cast<std::uint8_t>(code);
  frame.payload_length = length;
  frame.data = reinterpret_cast<const std::uint8_t*>(data.data());
  frame.data_length = data.size();
  (void)wslay_frame_send(wslay_.get(), &frame); // `take` takes everything
}

std::ptrdiff_t frame_writer::take(const std::byte* from, std::size_t n) {
  bool masked = own_ == role::client;
  if (std::exchange(header_next_, false)) {
    auto* to = out_(n + (masked ? key_.size() : 0));
    std::memcpy(to, from, n);
    if (masked) {
      to[1] |= mask_bit;
      std::memcpy(to + n, key_.data(), key_.size());
    }
  } else {
    auto* to = out_(n);
    if (masked)
      mask(to, from, n, key_, length_ - missing_);
    else
      std::memcpy(to, from, n);
    missing_ -= n;
  }
  return static_cast<std::ptrdiff_t>(n);
}

} // namespace ockam::ws
