// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/access_control.hpp"
#include "runtime/core/section.hpp"

namespace ockam {

inline constexpr std::array<std::string_view, 3> thread_words{"pool", "socket", "detached"};
inline constexpr std::array<std::string_view, 2> distribution_words{"round-robin", "key"};
inline constexpr std::array<std::string_view, 3> restart_words{"never", "on-failure", "always"};

inline constexpr std::uint64_t least_budget = 64u << 10;
inline constexpr std::uint64_t most_budget = std::uint64_t{1} << 39; ///< as far as a ledger counts

/// Keys that every service has: where it runs, how often, what happens when it ends, and what it may have.
inline constexpr std::array<key_descriptor, 7> placement_descriptors{{
  {.name = "thread", .type = key_type::choice, .about = "where it runs: detached, which an actor can, is a thread of its own; as its type says if not given", .words = thread_words},
  {.name = "instances", .type = key_type::number, .about = "how many of it share the work", .fallback = "1", .least = 1, .most = 1024},
  {.name = "distribution", .type = key_type::choice, .about = "which of several gets a message", .fallback = "round-robin",
   .words = distribution_words},
  {.name = "restart", .type = key_type::choice, .about = "when one that has ended begins again", .fallback = "never",
   .words = restart_words},
  {.name = "budget", .type = key_type::size,
   .about = "what it may have of the node's memory: messages that it keeps or has sent, and all else of a script; echo, hop, uppercase and error have none if not given",
   .fallback = "16MiB", .least = least_budget, .most = most_budget},
  {.name = "allow-from", .type = key_type::text,
   .about = "whose messages it takes, also behind a hop: local, or proved identities, with bars between them: I… of a secure channel, uid=1000, CN=n1,O=Example; all if not given",
   .value = "local|IDENTITY…", .check = &checked_by<parse_allow_from>},
  {.name = "allow-to", .type = key_type::text,
   .about = "where it may send, its answers included: local for the workers of this node, or addresses as in local | to-n2; anywhere if not given",
   .value = "local|ADDRESS…", .check = &checked_by<parse_allow_to>},
}};

} // namespace ockam
