// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

namespace ockam::channels {

/// Whose a handshake is, for limits. The peers of a UDP listener have one link; which of them it is, the return route says.
struct origin {
  std::uint32_t flow = 0; ///< of the link that it came by; 0: begun by this node
  std::string peer = {};  ///< of a link that many peers have together: which one
  auto operator<=>(const origin&) const = default;
};

origin origin_of(const switchboard& board, const message& m);

/// How many of something each origin has, and the peers of each link together. A plain value.
class shares {
 public:
  void add(const origin& o);
  void take(const origin& o);
  std::size_t of(const origin& o) const;
  std::size_t of_flow(std::uint32_t flow) const;
  /// The link that has most, and the origin behind a link that has most of its; none: there is nothing.
  std::optional<std::uint32_t> largest_flow() const;
  std::optional<origin> largest_in(std::uint32_t flow) const;

 private:
  std::map<origin, std::size_t> by_origin_;
  std::unordered_map<std::uint32_t, std::size_t> by_flow_;
};

} // namespace ockam::channels
