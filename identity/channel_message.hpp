// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/identity_proof.hpp"
#include "runtime/core/route_header.hpp"

#include <variant>

/// What is sealed in a message of a channel:
///
///     plaintext = [message, padding: bstr]
///     message   = [0, [[onward route, return route, payload: bstr]]]        a message for a worker
///               / [1, [[change history, [* credential]]]]                   the sender's newer credentials
///               / [2, []]                                                   the end of the channel
///
/// Routes are those of the wire (cbor_route.hpp). The padding is always there. The reference sends an empty one and ignores
/// what is in it, so this implementation has there what its own header says beside routes. Plain functions.
/// Thread: any.
namespace ockam::identities::channel_message {

/// What stands before and behind a payload. `head` is written by `write_head`, `tail` are these bytes, or what
/// `write_tail` has written of a padding that is not empty.
inline constexpr std::byte tail[] = {std::byte{0x40}};
std::size_t tail_size(std::size_t padding) noexcept;
/// Writes `tail_size` bytes at `out`; returns the place behind.
std::byte* write_tail(std::byte* out, bytes_view padding) noexcept;
std::size_t head_size(const route_header& header, std::size_t payload) noexcept;
/// Writes `head_size` bytes at `out`; returns the place behind.
std::byte* write_head(std::byte* out, const route_header& header, std::size_t payload) noexcept;

/// What somebody says of itself anew is no longer than what it says in a handshake; nobody is made to keep more.
inline constexpr std::size_t max_refresh = 64u << 10;
bytes encode_refresh(const change_history& history, std::span<const credential> credentials);
inline constexpr std::byte close[] = {std::byte{0x82}, std::byte{0x82}, std::byte{0x02}, std::byte{0x80},
                                      std::byte{0x40}};

/// A message for a worker: its routes are in the header, its payload points into the plaintext.
struct for_worker {
  bytes_view payload;
  bytes_view padding;
};
struct refresh {
  change_history history;
  std::vector<credential> credentials;
};
struct end_of_channel {};
using decoded = std::variant<for_worker, refresh, end_of_channel>;

/// Decodes a plaintext; `header`, a fresh one, gets the routes of a message for a worker. Errors: `malformed`, also for
/// routes and names over the bounds of this node, and over `max_refresh`.
result<decoded> decode(bytes_view plaintext, route_header& header);

} // namespace ockam::identities::channel_message
