// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/access_control.hpp"
#include "runtime/core/section.hpp"

namespace ockam {

inline constexpr std::array<std::string_view, 2> thread_words{"pool", "socket"};
inline constexpr std::array<std::string_view, 2> distribution_words{"round-robin", "key"};
inline constexpr std::array<std::string_view, 3> restart_words{"never", "on-failure", "always"};

/// Keys that every service has: where it runs, how often, and what happens when it ends.
inline constexpr std::array<key_descriptor, 5> placement_descriptors{{
  {.name = "thread", .type = key_type::choice, .about = "where it runs; as its type says if not given", .words = thread_words},
  {.name = "instances", .type = key_type::number, .about = "how many of it share the work", .fallback = "1", .least = 1, .most = 1024},
  {.name = "distribution", .type = key_type::choice, .about = "which of several gets a message", .fallback = "round-robin",
   .words = distribution_words},
  {.name = "restart", .type = key_type::choice, .about = "when one that has ended begins again", .fallback = "never",
   .words = restart_words},
  {.name = "allow-from", .type = key_type::text,
   .about = "whose messages it takes, also behind a hop: local, or proved identities as in uid=1000 | CN=n1,O=Example; all if not given",
   .value = "local|IDENTITY…", .check = &checked_by<parse_allow_from>},
}};

} // namespace ockam
