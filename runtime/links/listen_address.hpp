// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/endpoint.hpp"
#include "runtime/core/section.hpp"
#include "runtime/links/config.hpp"

#include <optional>
#include <string>

namespace ockam {

/// Of what listens at an address of this host.
inline constexpr key_descriptor retry_key{
  .name = "retry", .type = key_type::flag, .about = "while this host has not the address: try again until it has; no: end the node",
  .fallback = "yes"};

/// The address of a listener as it was given, with the port that the system has chosen in place of 0: what to ask for to
/// have the same again. `real`: the socket address that it got.
std::string with_real_port(const std::string& given, const std::string& real);

/// The address of this host that a listener is for; nothing where that is a path.
std::optional<endpoint> place_of(const listener_config& l);

/// Whether only one of two sockets of one kind, TCP or UDP, can be open: they are for the same port of the same address of
/// this host, or one of them is for every address.
bool overlap(const endpoint& l, const endpoint& r);

/// Whether only one of the two can be open: they are for the same port of the same address of this host, or one of them is
/// for every address; or for the same path.
bool collide(const listener_config& l, const listener_config& r);

} // namespace ockam
