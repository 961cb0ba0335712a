// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/limits.hpp"
#include "runtime/core/section.hpp"

namespace ockam {

/// Of every listener whose links are connections.
inline constexpr std::array<key_descriptor, 1> stream_listener_keys{{
  {.name = "max-connections", .type = key_type::number,
   .about = "open at one time through it; 15 in 16 of the node's if not given, so that others have some", .least = 1,
   .most = 1'000'000},
}};

/// What a listener with these options may have open at one time.
inline std::size_t connections_allowed(const option_texts& options, const limits& limit) {
  const auto& key = stream_listener_keys.front();
  if (auto it = options.find(std::string{key.name}); it != options.end())
    if (auto n = read_value(key, it->second))
      return static_cast<std::size_t>(std::get<std::uint64_t>(*n));
  return limit.max_connections - limit.max_connections / 16;
}

} // namespace ockam
