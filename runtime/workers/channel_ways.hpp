// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"
#include "runtime/core/route.hpp"
#include "runtime/workers/worker.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

/// Secure channels for services: to send through them, and to know who asks.
///
///     send(ockam::through_channels(*this, "/ip4/10.0.0.2/tcp/4000/secure/api/service/db"), ockam::text_payload("hello"));
///
///     if (!ockam::is_asked_by(*m, {"I0123…"}))
///       return drop(std::move(m), ockam::drop_reason::refused);
namespace ockam {

/// The worker of each node that makes channels for its services (`channels/ways.hpp`).
inline constexpr std::string_view channel_maker_address = "secure_channels";

/// The route that `to` names, through the secure channels in it (`/secure/NAME`): the node is asked for them, and they last as
/// long as the worker is there, made anew when they end; the same `to` of the same worker is the same channel. They need not be
/// open yet: what is sent meanwhile waits. A `to` without channels is a route as it stands. When the node cannot make them (it
/// has no identity), that is in its log, and messages end with `unknown-worker`. `std::invalid_argument` for what is no route, or
/// one that ends in a channel. `identity`: with which `[channel-identity NAME]`; the node's own if empty. On the worker's thread.
route through_channels(worker& by, std::string_view to, std::string_view identity = {});

/// Whether a secure channel has proved the message to come from one of these identifiers.
bool is_asked_by(const message& m, std::initializer_list<std::string_view> who);

/// What the maker is told, and the route that follows from it; for `through_channels` of workers and actors.
struct channel_order {
  route to;         ///< begins with the address that the last channel is to have, if there is one
  std::string body; ///< that address, the way and the identity, a line each; empty: there are no channels
};
/// Errors: `invalid_route`.
result<channel_order> order_channels(const address& by, std::string_view to, std::string_view identity);

} // namespace ockam
