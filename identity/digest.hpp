// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/secret.hpp"

#include <array>
#include <utility>

namespace ockam::identities {

using digest = std::array<std::byte, 32>;

/// SHA-256 of `a`, followed by `b`.
digest sha256(bytes_view a, bytes_view b = {});

/// HKDF (RFC 5869) with HMAC-SHA-256, no info, and 64 bytes of output, as two keys of 32 bytes:
///
///     prk = HMAC(salt, ikm)      first = HMAC(prk, 01)      second = HMAC(prk, first ‖ 02)
std::pair<secret, secret> hkdf2(bytes_view salt, bytes_view ikm);

} // namespace ockam::identities
