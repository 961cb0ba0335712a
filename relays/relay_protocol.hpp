// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"
#include "runtime/core/payload.hpp"
#include "runtime/core/route.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What a relay node and the nodes behind it say to each other (docs/protocol.md, Relays). Plain code, any thread; all
/// bytes may be hostile.
namespace ockam {

/// A relay's address is this and the name that was asked for.
inline constexpr std::string_view relay_prefix = "forward_to_";
/// The two names of the service: peers of the reference use either.
inline constexpr std::string_view relay_service_address = "forwarding_service";
inline constexpr std::string_view relay_service_alias = "static_forwarding_service";
/// In place of a name: any that is free.
inline constexpr std::string_view any_relay_name = "register";

/// The name that a registration asks for, a BARE string; 32 hex digits of chance for `register`. What follows the
/// string is ignored, as in the reference. Errors: `malformed`; `too_large`, in words that name the key
/// `max-relay-name`; `invalid_argument` for what could not be an address that people and nodes of the reference can
/// name.
result<std::string> read_registration(std::span<const std::byte> payload, std::size_t max_name);

/// Where a relay sends what it gets: the return route of its registration without the last address, which is the worker
/// that has asked. Errors: `invalid_route` when nothing is left (whatever were sent there would go to workers of
/// the relay node itself); `too_large` beyond what a relay keeps.
result<route> way_of_relay(route back);

/// What the service answers, a BARE string: the address of the relay. Nothing when it is not one for this name.
std::optional<std::string> read_relay_reply(std::span<const std::byte> payload, std::string_view name);

/// A ping: a number in CBOR, which comes back as it is.
std::uint64_t random_ping_number();
payload ping_payload(std::uint64_t number);
std::optional<std::uint64_t> read_ping(std::span<const std::byte> payload);

} // namespace ockam
