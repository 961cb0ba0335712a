// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/multiaddr.hpp"
#include "runtime/core/route.hpp"

#include <functional>
#include <memory>

namespace ockam {

/// A route that is ready for messages, with the secure channels that were made for it; they end with the last copy of
/// `channels`. A value. Socket thread only.
struct made_route {
  route to;
  std::shared_ptr<void> channels = {}; ///< null: it needs none
};

/// Makes what a route names: a channel for each `/secure/NAME`, in order, each through the one before. They need not be
/// open yet when it returns: what is sent meanwhile waits for them. `lasting`: they are made again when they end. Errors:
/// `invalid_route`, `unsupported`; `not_found` when this node has no identity to make channels with. Socket thread only.
using route_maker = std::function<result<made_route>(const multiaddr& m, bool lasting)>;

/// Of a node without channels.
inline result<made_route> make_plain_route(const multiaddr& m, bool) {
  auto to = to_route(m);
  if (!to)
    return std::move(to).error();
  return made_route{*std::move(to)};
}

} // namespace ockam
