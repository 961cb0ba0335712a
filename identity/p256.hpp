// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/openssl.hpp"
#include "identity/secret.hpp"

#include <array>

/// P-256 in OpenSSL's terms: keys from raw bytes, and signatures between `r ‖ s` and DER. For `signatures.cpp` only.
namespace ockam::identities::p256 {

/// Most bytes of a signature in DER: two integers of 33 bytes with their heads, and a head.
inline constexpr std::size_t max_der_size = 72;

/// Whether 32 bytes, big-endian, are a private key: 0 < d < n.
bool is_scalar(const secret& key);
/// Null when the bytes are no private key, or no point on the curve.
openssl::pkey private_key(const secret& key);
openssl::pkey public_key(bytes_view uncompressed_point);
/// The point as `04 ‖ x ‖ y`.
bool write_public(EVP_PKEY* pair, std::array<std::byte, 65>& out);

bool from_der(bytes_view der, std::array<std::byte, 64>& raw);
/// Empty when it cannot be a signature.
bytes to_der(const std::array<std::byte, 64>& raw);

} // namespace ockam::identities::p256
