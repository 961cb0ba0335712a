// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/payload.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

/// What the two ends of a portal say to each other (docs/protocol.md, Portals). A message is a tag and what belongs to it:
///
///     00 [hello]               Ping        inlet: open a stream
///     01 [hello]               Pong        outlet: it is open
///     02 [farewell]            Disconnect  it has ended, in both directions
///     03 LEN data [01 counter] Payload     bytes of the stream; LEN as LEB128, counter u16 little endian
///     04 total                 Window      between our own nodes: so many bytes of the stream may be sent, from its beginning
///     05 total                 End         between our own nodes: this direction has ended after so many bytes
///
///     hello    = "o+" version window       version one byte, now 1; window as LEB128
///     farewell = "o+" version reason text  reason one byte; text as LEB128 length and bytes
///
/// A node of another implementation ignores what stands behind the tags 00, 01 and 02, and drops what has the tags 04 and
/// 05, which it is never sent: an end that has not said hello gets none.
namespace ockam::portal {

enum class tag : std::uint8_t { ping, pong, disconnect, payload, window, end };

/// Why a stream ends. The numbers are those of the wire.
enum class end_reason : std::uint8_t {
  closed,      ///< in order: all that was sent has arrived
  reset,       ///< one of the two TCP connections was cut off
  unreachable, ///< the target refuses, or there is no such host; never said, and counted at an inlet: the outlet itself is not there
  timed_out,   ///< the target did not answer in time
  broken,      ///< something of the stream was lost on the way
  refused,     ///< the outlet takes no more streams, or not from there
  stopped,     ///< the inlet or the outlet has ended
  violation,   ///< an end did what the protocol does not allow
  idle,        ///< nothing was said for as long as the key idle-timeout says, or nothing ever
  stuck,       ///< an end took nothing for too long
  gone         ///< the other end is not there any more
};
inline constexpr std::uint8_t end_reasons = 11;

/// `target unreachable`, … for people.
std::string_view to_string(end_reason r) noexcept;
/// `unreachable`, … for programs.
std::string_view name_of(end_reason r) noexcept;

/// An end of this implementation, and how many bytes it takes before it says more.
struct hello {
  std::uint64_t window = 0;
};

struct farewell {
  end_reason why = end_reason::closed;
  std::string_view text = {}; ///< a sentence for people; any bytes
  static constexpr std::size_t most_text = 256;
};

/// A message, read. Views are into what it was read from.
struct message_view {
  tag what = tag::ping;
  std::span<const std::byte> data = {};          ///< of Payload
  std::optional<std::uint16_t> counter = {};     ///< of Payload
  std::optional<hello> greeting = {};            ///< of Ping and Pong
  std::optional<farewell> goodbye = {};          ///< of Disconnect
  std::uint64_t total = 0;                       ///< of Window and End
};

/// Nothing: it is none (empty, another tag, a length that is cut off or lies).
std::optional<message_view> decode(std::span<const std::byte> in) noexcept;

/// Bytes of the stream that one message may have.
inline constexpr std::size_t most_data = 128u << 10;
/// What stands in front of them at most, and behind them.
inline constexpr std::size_t head_room = 4;
inline constexpr std::size_t tail_room = 3;

payload encode(tag bare);
payload encode(tag what, const hello& h);
payload encode(const farewell& f);
payload encode(tag what, std::uint64_t total);
/// A Payload around `size` bytes that lie in a block of `capacity` from `head_room` on, with `tail_room` behind them: what
/// was read from a socket leaves as it lies there. Precondition: `size` is at most `most_data`.
payload encode_in_place(std::unique_ptr<std::byte[]> block, std::size_t capacity, std::size_t size, std::uint16_t counter);
/// The same with a copy of the bytes.
payload encode_copy(std::span<const std::byte> data, std::uint16_t counter);

} // namespace ockam::portal
