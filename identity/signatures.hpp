// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/random.hpp"
#include "identity/secret.hpp"

#include <array>
#include <string_view>

namespace ockam::identities {

/// Kinds of keys that sign. Numbers are those of the Ockam wire.
enum class key_type : std::uint8_t { ed25519 = 0, p256 = 1 };

/// As the reference calls them: `EdDSACurve25519`, `ECDSASHA256CurveP256`.
std::string_view to_string(key_type type) noexcept;

/// A public key that signatures are checked with. Ed25519: 32 bytes (RFC 8032). P-256: 65 bytes, a point in its
/// uncompressed form (SEC 1: `04 ‖ x ‖ y`). A plain value; that the bytes are a point is found out when it is used.
struct verifying_key {
  key_type type = key_type::ed25519;
  std::array<std::byte, 65> data{}; ///< zero behind `size()`

  static constexpr std::size_t size_of(key_type t) noexcept { return t == key_type::ed25519 ? 32 : 65; }
  std::size_t size() const noexcept { return size_of(type); }
  bytes_view bytes() const noexcept { return bytes_view{data}.first(size()); }
  friend bool operator==(const verifying_key&, const verifying_key&) = default;
};

/// 64 bytes: Ed25519 as RFC 8032 has it, P-256 as `r ‖ s`, both big-endian (not DER).
struct signature {
  key_type type = key_type::ed25519;
  std::array<std::byte, 64> data{};
  friend bool operator==(const signature&, const signature&) = default;
};

/// Bytes of a private key of either kind: the seed of Ed25519, the scalar of P-256, big-endian.
inline constexpr std::size_t signing_secret_size = 32;

/// A private key of what `random` gives. Errors: those of `random`.
result<secret> make_signing_secret(key_type type, random_source& random);
/// Errors: `invalid_argument` for what is no private key of that kind.
result<verifying_key> public_key_of(key_type type, const secret& key);
/// Signs. Ed25519 is deterministic, P-256 (ECDSA with SHA-256 over `message`) is not. Errors: `invalid_argument`.
result<signature> sign(key_type type, const secret& key, bytes_view message);
/// Nothing when the signature is by this key over this message. Errors: `not_authentic` when not, also when key and
/// signature are of different kinds or the key is no point of its curve. What has held once is remembered
/// (`verified_signatures`).
result<void> verify(const verifying_key& key, bytes_view message, const signature& by);

} // namespace ockam::identities
