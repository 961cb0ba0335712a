// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/random.hpp"
#include "identity/secret.hpp"

#include <array>

namespace ockam::identities {

/// 32 bytes, little-endian, as RFC 7748 has them.
using x25519_public = std::array<std::byte, 32>;

inline constexpr std::size_t x25519_secret_size = 32;

/// A private key is any 32 bytes; they are clamped when they are used, not when they are kept.
struct x25519_key_pair {
  secret key;
  x25519_public public_key;
};

/// A pair of what `random` gives. Errors: those of `random`.
result<x25519_key_pair> make_x25519_key_pair(random_source& random);
/// Errors: `invalid_argument` for a secret of another size.
result<x25519_public> x25519_public_of(const secret& key);

/// What both ends have in common, 32 bytes. `my_public` is the other half of `mine`: without it OpenSSL works it out each
/// time, which takes as long as the outcome itself. Errors: `not_authentic` when `theirs` is a point of low order, with which
/// the outcome would be the same whatever our key is.
result<secret> x25519(const secret& mine, const x25519_public& my_public, const x25519_public& theirs);

} // namespace ockam::identities
