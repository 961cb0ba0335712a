// SPDX-License-Identifier: Apache-2.0
#include "transports/caf/basp_gate.hpp"

#include <algorithm>

namespace ockam {

namespace {

template <class T>
T read_number(const std::byte* in) noexcept {
  T out = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    out = static_cast<T>(out << 8 | std::to_integer<T>(in[i]));
  return out;
}

/// Whether `in` is `prefix`, the size of a text in 7 bits a byte, lowest first, and that text.
bool is_text_message(std::span<const std::byte> in, std::string_view prefix) noexcept {
  if (in.size() < prefix.size() || !std::equal(prefix.begin(), prefix.end(), in.begin(), [](char c, std::byte b) {
        return static_cast<std::byte>(c) == b;
      }))
    return false;
  in = in.subspan(prefix.size());
  std::size_t size = 0;
  for (int shift = 0; shift <= 28 && !in.empty(); shift += 7) {
    auto byte = std::to_integer<std::size_t>(in.front());
    in = in.subspan(1);
    size |= (byte & 0x7f) << shift;
    if ((byte & 0x80) == 0)
      return in.size() == size;
  }
  return false;
}

} // namespace

bool basp_gate::bad(refusal why, std::string_view text) noexcept {
  reason_ = why;
  problem_ = text;
  return false;
}

bool basp_gate::may_begin(std::byte first) const noexcept {
  auto wanted = side_ == side::client ? operation::server_handshake : operation::client_handshake;
  return first == static_cast<std::byte>(wanted);
}

std::optional<std::size_t> basp_gate::header(header_view in) {
  now_ = {};
  now_.operation = read_number<std::uint8_t>(in.data());
  now_.flags = read_number<std::uint8_t>(in.data() + 3);
  now_.size = read_number<std::uint32_t>(in.data() + 4);
  now_.data = read_number<std::uint64_t>(in.data() + 8);
  now_.from = read_number<std::uint64_t>(in.data() + 16);
  now_.to = read_number<std::uint64_t>(in.data() + 24);
  if (!allowed())
    return std::nullopt;
  return now_.size;
}

bool basp_gate::allowed() {
  auto what = static_cast<operation>(now_.operation);
  bool begins = handshakes_ == 0;
  bool handshake = what == operation::server_handshake || what == operation::client_handshake;
  if (begins && (!handshake || !may_begin(static_cast<std::byte>(now_.operation))))
    return bad(refusal::wrong_preamble, "does not begin with a BASP handshake");
  auto most = what == operation::message ? max_message : max_control;
  if (now_.size > most)
    return bad(refusal::frame_too_large, "announced a BASP message over the limit");
  if ((now_.size == 0) != (what == operation::heartbeat))
    return bad(refusal::malformed_frame, "sent a BASP header without its payload");
  switch (what) {
    case operation::server_handshake:
      if (side_ == side::server || !begins)
        return bad(refusal::malformed_frame, "sent a server handshake again");
      if (now_.data != dialect_.version)
        return bad(refusal::wrong_preamble, "speaks another version of BASP");
      ++handshakes_;
      return true;
    case operation::client_handshake:
      if (side_ == side::client || ++handshakes_ > 2)
        return bad(refusal::malformed_frame, "sent a client handshake again");
      return now_.from == 0 && now_.to == 0 ? true : bad(refusal::malformed_frame, "sent a handshake to an actor");
    case operation::message: return message_allowed();
    case operation::monitor:
      if (now_.to != own_ || ++monitors_ > max_monitors)
        return bad(refusal::malformed_frame, "wants to monitor another actor");
      return true;
    case operation::down:
    case operation::heartbeat: return true;
    default: return bad(refusal::malformed_frame, "sent a BASP header of a kind that links do not use");
  }
}

bool basp_gate::message_allowed() {
  if (now_.to != own_ || now_.flags != 0)
    return bad(refusal::malformed_frame, "wrote to an actor that is not its link's");
  // The hello tells who the peer's actor is; each further name would cost CAF a proxy.
  if ((now_.from != 0) == greeted_)
    return bad(refusal::malformed_frame, greeted_ ? "sent a second hello" : "did not begin with a hello");
  if (now_.data != dialect_.plain)
    return bad(refusal::malformed_frame, "sent a request where links only tell");
  return true;
}

basp_gate::verdict basp_gate::payload(std::span<const std::byte> in) {
  switch (static_cast<operation>(now_.operation)) {
    case operation::message: {
      const auto& begin = greeted_ ? dialect_.bytes : dialect_.hello;
      if (!is_text_message(in, begin)) {
        bad(refusal::malformed_frame, "sent a message of another shape");
        return verdict::refuse;
      }
      greeted_ = true;
      return verdict::message;
    }
    case operation::heartbeat: return verdict::ignore;
    case operation::down: return verdict::finish;
    default: return verdict::pass;
  }
}

} // namespace ockam
