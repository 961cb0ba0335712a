// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

struct wslay_frame_context;

/// WebSocket frames (RFC 6455, section 5). Framing is wslay's: lengths, opcodes, flags, their rules. Masking is
/// ours: wslay does it byte by byte (0.3 GB/s, measured; a payload of 64 KiB would wait 190 µs for it), so
/// frames reach wslay without their mask and get it after it. Plain code; one thread at a time.
namespace ockam::ws {

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

constexpr bool is_control(opcode o) noexcept {
  return static_cast<std::uint8_t>(o) >= 8;
}

inline constexpr std::size_t max_control_payload = 125;
inline constexpr std::size_t max_header = 14;

/// Which end of a connection this is: clients mask what they send.
enum class role : std::uint8_t { client, server };

struct wslay_deleter {
  void operator()(wslay_frame_context* c) const noexcept;
};
using wslay_ptr = std::unique_ptr<wslay_frame_context, wslay_deleter>;

/// `out[i] = in[i] ^ key[(offset + i) % 4]`; `out` may be `in`.
void mask(std::byte* out, const std::byte* in, std::size_t n, std::array<std::byte, 4> key, std::uint64_t offset) noexcept;

/// A part of a frame.
struct piece {
  opcode code = opcode::binary;
  bool fin = true;
  std::uint64_t length = 0;       ///< of the frame's payload
  bool begins = false;            ///< the first part of its frame
  bool ends = false;              ///< the last one
  std::span<const std::byte> data; ///< unmasked; valid until the next call
};

/// Takes frames apart as bytes come in.
class frame_reader {
 public:
  explicit frame_reader(role own);

  /// The next piece of at most `room` bytes (at least 1), with its bytes taken off the front of `in`.
  /// Nothing: `in` is used up, or what it has breaks a rule (`violation`).
  std::optional<piece> next(std::span<const std::byte>& in, std::size_t room);
  /// The rule that was broken, for which the connection ends; empty if none. Words that go on after "the peer".
  std::string_view violation() const noexcept { return violation_; }

 private:
  enum class state : std::uint8_t { header, first_byte, payload };

  std::ptrdiff_t feed(std::byte* to, std::size_t room);
  std::ptrdiff_t feed_header(std::byte* to);

  wslay_ptr wslay_;
  role own_;
  state state_ = state::header;
  std::array<std::byte, max_header> header_{};
  std::size_t header_have_ = 0;
  std::array<std::byte, 4> key_{};
  std::uint64_t fed_ = 0;  ///< payload bytes of this frame that wslay has got
  std::uint64_t length_ = 0;
  bool begun_ = false; ///< a piece of this frame was handed out
  std::span<const std::byte> in_;
  std::size_t room_ = 0;
  std::string_view violation_;
};

/// Puts frames together, masked where this end is a client.
class frame_writer {
 public:
  /// Gives room for that many bytes of output, to be filled at once.
  using sink = std::function<std::byte*(std::size_t)>;

  frame_writer(role own, sink out);

  /// The header of an unfragmented frame. Its payload follows in any number of parts.
  void begin(opcode code, std::uint64_t length);
  /// Precondition: not more than is missing.
  void payload(std::span<const std::byte> bytes);
  /// Bytes of payload that are missing. Only at 0 another frame may begin.
  std::uint64_t missing() const noexcept { return missing_; }

 private:
  std::ptrdiff_t take(const std::byte* from, std::size_t n);
  void call(opcode code, std::uint64_t length, std::span<const std::byte> data);

  wslay_ptr wslay_;
  role own_;
  sink out_;
  opcode code_ = opcode::binary;
  std::uint64_t length_ = 0;
  std::uint64_t missing_ = 0;
  bool header_next_ = false;
  std::array<std::byte, 4> key_{};
};

} // namespace ockam::ws
