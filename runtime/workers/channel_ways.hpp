// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"
#include "runtime/core/route.hpp"
#include "runtime/workers/worker.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

/// Secure channels for services: to send through them, and to know who asks.
///
///     send(ockam::through_channels(*this, "/ip4/10.0.0.2/tcp/4000/secure/api/service/db", {.authorized = "I0123…"}), ockam::text_payload("hello"));
///
///     if (!ockam::is_asked_by(*m, {"I0123…"}))
///       return drop(std::move(m), ockam::drop_reason::refused);
namespace ockam {

/// The worker of each node that makes channels for its services (`channels/ways.hpp`).
inline constexpr std::string_view channel_maker_address = "secure_channels";

/// How the last channel of a route is to be.
struct channel_terms {
  std::string_view identity = {}; ///< with which `[channel-identity NAME]` of the node; its own if empty
  /// Identifiers of whom may be at its other end, with commas between, each time that it is made; nothing: anybody. Empty is
  /// wrong: what a configuration does not say must not mean anybody.
  std::optional<std::string_view> authorized = {};
};

/// The route that `to` names, through the secure channels in it (`/secure/NAME`): the node is asked for them, and they last as
/// long as the worker is there, made anew when they end; the same `to` of the same worker is the same channel. They need not be
/// open yet: what is sent meanwhile waits. A `to` without channels is a route as it stands. When the node cannot make them (it
/// has no identity, or `authorized` has what is no identifier), that is in its log, and messages end with `unknown-worker`.
/// `std::invalid_argument` for what is no route, or one that ends in a channel, and for `authorized` that is empty or of a route without
/// channels. On the worker's thread.
route through_channels(worker& by, std::string_view to, const channel_terms& how = {});

/// Whether a secure channel has proved the message to come from one of these identifiers.
bool is_asked_by(const message& m, std::initializer_list<std::string_view> who);

/// What the maker is told, and the route that follows from it; for `through_channels` of workers and actors.
struct channel_order {
  route to;         ///< begins with the address that the last channel is to have, if there is one
  std::string body; ///< that address, the way, the identity and, if it says so, who is authorized, a line each; empty: there are no channels
};
/// Errors: `invalid_route`, `invalid_argument`.
result<channel_order> order_channels(const address& by, std::string_view to, const channel_terms& how = {});

} // namespace ockam
