// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/credit.hpp"
#include "runtime/core/ip_endpoint.hpp"
#include "runtime/core/reason.hpp"
#include "transports/udp/udp_answers.hpp"
#include "transports/udp/udp_codec.hpp"
#include "transports/udp/udp_passing.hpp"
#include "transports/udp/udp_peers.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace ockam {

/// Puts slices together again (docs/protocol.md, UDP reassembly), for all peers of one socket. A peer is an
/// address and a port; each has a window of five routing numbers, compared by serial-number arithmetic:
///
///     …  older: refused  | n  n+1  n+2  n+3  n+4 |  newer: the window moves, what falls out is given up
///                          ▲ one message each: nothing yet, some slices, or whole (and not taken again)
///
/// Anybody can send a datagram in anybody's name, so nothing here trusts one. Memory follows what has
/// arrived, never what was announced. It is charged to the ledger and bounded for each peer and in all;
/// when there is no room, the messages that were not heard of for longest are given up, so a flood of
/// single slices displaces others of its kind before a message that is coming in. A message that is too large passes by
/// (`udp_passing`): it is refused once, when that is known, and its ends are handed out when they are here. Peers are bounded in
/// number too; which of them a flood displaces says `udp_peers`. A peer that is forgotten loses its window,
/// and with it what keeps copies out.
///
/// A peer that starts again begins with a random number, which may look old for hours. Three strays in a
/// row that are far behind the window, each newer than the one before, begin a new window (the idea of
/// RFC 3550, section A.1). Plain code; the caller says what time it is. One thread at a time.
class udp_reassembly {
 public:
  using clock = std::chrono::steady_clock;

  static constexpr std::size_t window = 5; ///< as in the reference
  static constexpr std::size_t strays_to_restart = 3;
  static constexpr std::uint16_t far_behind = 100; ///< what is late by less is only late

  struct bounds {
    std::size_t message = 16u << 20;       ///< largest message; one peer may have twice as much here
    std::size_t bytes = 32u << 20;         ///< all peers together
    std::size_t peers = 4096;              ///< some 300 bytes each
    std::chrono::milliseconds slice_timeout{10'000}; ///< give a message up when no slice came for this long
    std::chrono::milliseconds peer_timeout{300'000}; ///< forget a peer that sent nothing for this long
  };

  /// Memory that holds a message put together from several slices.
  struct block {
    std::unique_ptr<std::byte[]> data;
    std::size_t capacity = 0;
  };

  /// What a slice led to. Nothing of all this: wait for more.
  struct outcome {
    std::optional<refusal> bad;
    std::span<const std::byte> message; ///< whole: in `memory`, or in the slice when it is the only one
    block memory;
    std::optional<udp_passing::ends> passed; ///< of a message that is too large, once; `bad` said so, now or before
  };

  udp_reassembly(const bounds& b, ledger& l) : bounds_{b}, ledger_{l}, peers_{b.peers} {}
  udp_reassembly(const udp_reassembly&) = delete;
  udp_reassembly& operator=(const udp_reassembly&) = delete;

  /// `asked`: the address of this host that it was sent to, where that is known.
  outcome take(const ip_endpoint& from, const udp_codec::slice& s, clock::time_point now,
               const std::optional<ip_endpoint>& asked = {});

  /// Gives up what waited too long. Call now and then while `bytes` or `peers` is not 0.
  void sweep(clock::time_point now);

  std::size_t peers() const noexcept { return peers_.size(); }
  /// Whether a whole message came from there lately.
  bool heard_from(const ip_endpoint& at) const;
  /// Somebody there has shown to get what is sent to it.
  void has_received(const ip_endpoint& at);
  /// Whether a report of so many bytes may go there, which is counted. Who has not shown to receive may be somebody else, in
  /// whose name others ask: it gets three times as much as came in its name at most (as RFC 9000, section 8.1, has it).
  bool may_report_to(const ip_endpoint& at, std::size_t bytes);
  /// The address of this host that was asked from there the last time; nothing when that is not known.
  std::optional<ip_endpoint> asked_from(const ip_endpoint& at);
  /// What is known of the answers that went there; null when it has not been heard of lately.
  udp_answers* answers_to(const ip_endpoint& at);
  /// Charged for messages that are not whole.
  std::size_t bytes() const noexcept { return bytes_; }
  /// Messages given up since the last call: timeouts, windows that moved, want of room, contradictions.
  std::size_t take_lost() noexcept { return std::exchange(lost_, 0); }

 private:
  struct numbers;

  /// A message that is not whole. Its slices but the last have one size and stand in `body` in the order
  /// in which they came; `order` says which they are as soon as that is not 0, 1, 2 ….
  struct partial {
    numbers* owner;
    std::uint16_t number;
    std::uint16_t total;
    clock::time_point heard{};
    std::uint16_t stored = 0;            ///< slices in `body`
    std::size_t slice_size = 0;          ///< of all but the last; 0: not known yet
    block body{};
    std::vector<std::byte> last{};       ///< the last slice; empty: not here yet
    std::vector<std::uint16_t> order{};
    std::vector<bool> seen{};            ///< filled together with `order`
    credit held{};
    std::optional<udp_passing> passing{}; ///< it is too large: only its ends are kept

    bool has(std::uint16_t offset) const;
    bool whole() const noexcept { return stored == total - 1 && !last.empty(); }
    void store(const udp_codec::slice& in);
    /// The message, in one block. What was here is gone.
    outcome join();
    /// It is too large: keeps what is to be kept, and gives the rest back.
    void begin_passing();
    std::size_t footprint() const noexcept;
  };
  using partial_order = std::list<partial>; ///< the one not heard of for longest first

  struct slot {
    bool closed = false; ///< whole or given up: nothing more of this message is taken
    std::optional<partial_order::iterator> part;
  };

  /// The routing numbers of a peer that are open.
  struct numbers {
    bool begun = false;
    std::uint8_t strays = 0;       ///< in a row
    std::uint8_t head = 0;
    std::uint16_t oldest = 0;      ///< routing number of `slots[head]`
    std::uint16_t last_stray = 0;
    std::size_t bytes = 0;         ///< charged for messages of this peer
    std::array<slot, window> slots{};
    std::uint64_t received = 0;    ///< bytes that came from there
    std::uint64_t reported = 0;    ///< bytes of reports that went there before it had shown to receive
    udp_answers answers{};
    std::optional<ip_endpoint> asked{};

    slot& at_distance(std::size_t n) { return slots[(head + n) % window]; }
    slot& of(std::uint16_t number) { return at_distance(static_cast<std::uint16_t>(number - oldest)); }
  };
  using peer_table = udp_peers<numbers>;

  slot* find_slot(numbers& p, std::uint16_t number);
  void slide(numbers& p, std::uint16_t newest);
  static bool restarts(numbers& p, std::uint16_t number);
  void clear(numbers& p);

  outcome extend(numbers& p, slot& s, const udp_codec::slice& in, clock::time_point now);
  outcome pass(partial_order::iterator it, const udp_codec::slice& in);
  std::optional<refusal> check(const partial& part, const udp_codec::slice& in) const;
  bool prepare(partial_order::iterator it, const udp_codec::slice& in);
  bool make_room(partial_order::iterator keep, std::size_t more);
  void charge(partial& part);
  void close(partial_order::iterator it);
  void give_up(partial_order::iterator it);

  bounds bounds_;
  ledger& ledger_;
  peer_table peers_;
  partial_order partials_;
  std::size_t bytes_ = 0;
  std::size_t lost_ = 0;
};

} // namespace ockam
