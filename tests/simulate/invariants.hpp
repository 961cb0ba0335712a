// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

/// What a simulated schedule is checked for. Each can be chosen alone; `kept_today` is the default. The
/// others are promises that nodes do not keep yet: whoever makes a node keep one adds it to `kept_today`.
///
/// | invariant        | what is checked                                                      | kept today   |
/// |------------------|----------------------------------------------------------------------|--------------|
/// | `order`          | numbers of one flow by one path never go backwards nor come twice    | yes          |
/// | `accounting`     | every message arrived or was counted; none twice                     | yes          |
/// | `explained`      | messages are dropped only for reasons that the schedule gives        | yes          |
/// | `memory`         | `used` within the budget and a read of each link, after every event  | yes          |
/// | `drained`        | when all has arrived nothing is charged and nothing is queued        | yes          |
/// | `rest`           | between two events of the schedule nodes come to rest, and none      | yes          |
/// |                  | throws                                                               |              |
/// | `pauses`         | a link that is paused reads on: at once when nothing of it is left   | yes (with    |
/// |                  | in the node, and within twice `stall` (which ends jams of nodes that | small budgets|
/// |                  | wait for one another) when nothing is slow any more                  | after 30 s)  |
/// | `probes`         | a message to another destination of the node is answered within      | yes          |
/// |                  | `stall`, and as much again for each dead destination that its own    |              |
/// |                  | sender also sends to                                                 |              |
/// | `lossless`       | a destination that reads slowly, or pauses for less than `stall`,    | yes          |
/// |                  | slows its source and loses nothing, unless somebody else stalls or   |              |
/// |                  | messages wait for one another in a circle                            |              |
/// | `no_holes`       | of a flow that is marked as a stream a prefix arrives, then nothing  | yes          |
/// | `prompt`         | as `pauses` and `probes`, within one `stall`, with every budget      | no: one in a |
/// |                  |                                                                      | thousand has |
/// |                  |                                                                      | two in a row |
namespace ockam::simulate {

enum class invariant : std::uint8_t {
  order,
  accounting,
  explained,
  memory,
  drained,
  rest,
  pauses,
  probes,
  lossless,
  no_holes,
  prompt
};

inline constexpr std::array<std::string_view, 11> invariant_names{"order",  "accounting", "explained", "memory",
                                                                  "drained", "rest",      "pauses",    "probes",
                                                                  "lossless", "no_holes", "prompt"};

constexpr std::string_view to_string(invariant i) noexcept {
  return invariant_names[static_cast<std::size_t>(i)];
}

/// Some of them.
class invariants {
 public:
  constexpr invariants() noexcept = default;
  constexpr invariants(std::initializer_list<invariant> some) noexcept {
    for (auto i : some)
      bits_ |= bit(i);
  }
  constexpr bool has(invariant i) const noexcept { return (bits_ & bit(i)) != 0; }
  constexpr void add(invariant i) noexcept { bits_ |= bit(i); }

 private:
  static constexpr std::uint32_t bit(invariant i) noexcept { return 1u << static_cast<unsigned>(i); }
  std::uint32_t bits_ = 0;
};

inline constexpr invariants kept_today{invariant::order,   invariant::accounting, invariant::explained, invariant::memory,
                                       invariant::drained, invariant::rest,       invariant::pauses,    invariant::probes,
                                       invariant::lossless, invariant::no_holes};

constexpr std::optional<invariant> parse_invariant(std::string_view name) noexcept {
  for (std::size_t i = 0; i < invariant_names.size(); ++i)
    if (invariant_names[i] == name)
      return static_cast<invariant>(i);
  return std::nullopt;
}

} // namespace ockam::simulate
