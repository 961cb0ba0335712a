// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/multiaddr.hpp"
#include "runtime/core/route.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ockam {

/// The secure channels that were made for one route; they end with the last reference. Socket thread only.
class route_channels {
 public:
  virtual ~route_channels() = default;
  /// Called each time the innermost one, through which all messages go, has come up or has ended; at once, if it is up. One
  /// watcher at a time: the next one takes its place.
  using watcher = std::function<void(bool is_up, const std::string& why)>;
  virtual void watch(watcher f) = 0;
  struct info {
    address at;           ///< what is sent there goes through it
    route way;            ///< to its listener, through the one before
    std::string identity; ///< of the other end; empty while it is not up
  };
  virtual std::vector<info> list() const = 0; ///< the outermost first
  /// What is behind them does not answer though the innermost one seems to be up: it is made anew, where channels last.
  virtual void renew(const std::string& why) = 0;
};

/// A route that is ready for messages, with the secure channels that were made for it; they end with the last copy of
/// `channels`. A value. Socket thread only.
struct made_route {
  route to;
  std::shared_ptr<route_channels> channels = {}; ///< null: it needs none
};

/// How the channels of a route are to be.
struct channel_wishes {
  bool lasting = false;               ///< they are made again when they end
  bool may_end_in_channel = false;    ///< whoever asks adds the worker behind the last one
  std::string address = {};           ///< of the last channel; empty: one of chance
  std::string identity = {};          ///< with which of its identities the node makes them; empty: its own
  std::vector<std::string> allow = {}; ///< workers that the other end may reach through the last one, beside answers
  /// Identifiers of whom may be at the other end of the last one, each time that it is made; nothing: anybody.
  std::optional<std::vector<std::string>> authorized = {};
};

/// Makes what a route names: a channel for each `/secure/NAME`, in order, each through the one before. They need not be
/// open yet when it returns: what is sent meanwhile waits for them. Errors: `invalid_route`, `unsupported`; `not_found` when
/// this node has no such identity to make channels with; `invalid_argument` for `authorized` that names nobody, or of a route
/// without channels. Socket thread only.
using route_maker = std::function<result<made_route>(const multiaddr& m, const channel_wishes& how)>;

/// Of a node without channels.
inline result<made_route> make_plain_route(const multiaddr& m, const channel_wishes& how) {
  if (how.authorized)
    return error{errc::invalid_argument, "authorized is about a secure channel, and the route names none", "for example …/secure/api"};
  auto to = to_route(m);
  if (!to)
    return std::move(to).error();
  return made_route{*std::move(to)};
}

} // namespace ockam
