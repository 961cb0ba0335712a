// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/payload.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// What two nodes say to each other about the workers that one watches on the other (docs/protocol.md, Watches):
///
///     ping = 01 01, session: string, seen: uint, first: uint, { change }
///     change = 01 name: string | 02 watch: uint
///     pong = 01 02, session: string, state: u8, done: uint, first: uint, { down }
///     down = watch: uint, why: u8, words: string
///
/// Integers and strings are those of BARE. Views point into the bytes that were decoded. Thread: any.
namespace ockam::watch {

/// Longest message that is read. What is written has `usual` bytes at most.
inline constexpr std::size_t most_bytes = 16u << 10, usual = 8u << 10;
inline constexpr std::size_t session_length = 32; ///< of the name of a session: 16 random bytes as hex digits
inline constexpr std::size_t most_words = 256;    ///< of the words of a down

/// Why a watch has ended, as the node says on which the worker was.
enum class reason : std::uint8_t {
  quit = 0,      ///< it wanted to
  stopped = 1,   ///< somebody has ended it
  failed = 2,    ///< its code has
  no_worker = 3, ///< there was none
  refused = 4    ///< not for who asks, whether there is one or not
};

/// How the node that is asked stands to the session.
enum class standing : std::uint8_t {
  known = 0,
  unknown =
    1, ///< what was watched in it is not any more: the node has been started again, or was not asked for too long
  stopping = 2 ///< the node stops
};

/// To watch the worker of this name, or (an empty name) to watch no more what change `watch` was about.
struct change {
  std::string_view name;
  std::uint64_t watch = 0;
};

/// From who watches.
struct ping {
  std::string_view session;
  std::uint64_t seen = 0;  ///< the number of the last down that has come in; the first is 1
  std::uint64_t first = 1; ///< the number of the first of these changes, or of the next one that there will be
  std::vector<change> changes;
};

/// What the change with the number `watch` was about is no more.
struct down {
  std::uint64_t watch = 0;
  reason why = reason::quit;
  std::string_view words;
};

/// The answer, and what is said at once when something has ended.
struct pong {
  std::string_view session;
  standing state = standing::known;
  std::uint64_t done = 0;  ///< the number of the last change that has come in
  std::uint64_t first = 1; ///< the number of the first of these downs, or of the next
  std::vector<down> downs;
};

payload encode(const ping& p);
payload encode(const pong& p);
/// How much longer a message becomes by these, at most.
std::size_t size_of(const change& c) noexcept;
std::size_t size_of(const down& d) noexcept;

/// Nothing when the bytes are none: another version, cut off, too long, a name that no worker can have, bytes behind.
std::optional<ping> decode_ping(std::span<const std::byte> in);
std::optional<pong> decode_pong(std::span<const std::byte> in);

} // namespace ockam::watch
