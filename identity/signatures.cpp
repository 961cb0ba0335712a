// SPDX-License-Identifier: Apache-2.0
#include "identity/signatures.hpp"

#include "identity/p256.hpp"
#include "identity/verified_signatures.hpp"

#include <algorithm>

namespace ockam::identities {

namespace {

openssl::pkey private_key(key_type type, const secret& key) {
  if (key.size() != signing_secret_size)
    return nullptr;
  if (type == key_type::p256)
    return p256::private_key(key);
  return openssl::pkey{
    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, openssl::in(key.bytes().data()), key.size())};
}

openssl::pkey public_key(const verifying_key& key) {
  if (key.type == key_type::p256)
    return p256::public_key(key.bytes());
  return openssl::pkey{
    EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, openssl::in(key.data.data()), key.size())};
}

/// Ed25519 hashes by itself; ECDSA is told with what.
const EVP_MD* hash_of(key_type type) { return type == key_type::p256 ? EVP_sha256() : nullptr; }

/// All that the outcome of a check depends on. Key and signature have a fixed size for each kind of key.
digest checked_bytes(const verifying_key& key, bytes_view message, const signature& by) {
  bytes head{std::byte{static_cast<std::uint8_t>(key.type)}};
  head.insert(head.end(), key.bytes().begin(), key.bytes().end());
  head.insert(head.end(), by.data.begin(), by.data.end());
  return sha256(head, message);
}

verified_signatures& held_before() {
  static verified_signatures all;
  return all;
}

} // namespace

std::string_view to_string(key_type type) noexcept {
  return type == key_type::p256 ? "ECDSASHA256CurveP256" : "EdDSACurve25519";
}

result<secret> make_signing_secret(key_type type, random_source& random) {
  for (;;) {
    secret key{signing_secret_size};
    if (auto filled = random.fill(key.writable()); !filled)
      return std::move(filled).error();
    // Any 32 bytes are a seed of Ed25519; of 2^32 numbers about one is no scalar of P-256.
    if (type == key_type::ed25519 || p256::is_scalar(key))
      return key;
  }
}

result<verifying_key> public_key_of(key_type type, const secret& key) {
  verifying_key out;
  out.type = type;
  auto pair = private_key(type, key);
  auto size = out.size();
  bool ok =
    pair
    && (type == key_type::p256 ? p256::write_public(pair.get(), out.data)
                               : EVP_PKEY_get_raw_public_key(pair.get(), openssl::in(out.data.data()), &size) == 1);
  if (!ok)
    return openssl::failure(errc::invalid_argument, "not a private key of " + std::string{to_string(type)});
  return out;
}

result<signature> sign(key_type type, const secret& key, bytes_view message) {
  auto pair = private_key(type, key);
  openssl::digest_context c{EVP_MD_CTX_new()};
  std::array<std::byte, p256::max_der_size> made;
  std::size_t size = made.size();
  if (!pair || !c || EVP_DigestSignInit(c.get(), nullptr, hash_of(type), nullptr, pair.get()) != 1
      || EVP_DigestSign(c.get(), openssl::in(made.data()), &size, openssl::in(message.data()), message.size()) != 1)
    return openssl::failure(errc::invalid_argument, "cannot sign with that key of " + std::string{to_string(type)});
  signature out;
  out.type = type;
  if (type == key_type::ed25519)
    std::copy_n(made.begin(), out.data.size(), out.data.begin());
  else if (!p256::from_der(bytes_view{made}.first(size), out.data))
    return openssl::failure(errc::internal, "a signature of P-256 in another form than DER");
  return out;
}

result<void> verify(const verifying_key& key, bytes_view message, const signature& by) {
  if (key.type != by.type)
    return error{errc::not_authentic,
                 "a signature of " + std::string{to_string(by.type)} + " for a key of "
                   + std::string{to_string(key.type)},
                 {}};
  auto what = checked_bytes(key, message, by);
  if (held_before().has(what))
    return {};
  auto known = public_key(key);
  openssl::digest_context c{EVP_MD_CTX_new()};
  if (!known || !c || EVP_DigestVerifyInit(c.get(), nullptr, hash_of(key.type), nullptr, known.get()) != 1)
    return openssl::failure(errc::not_authentic, "not a public key of " + std::string{to_string(key.type)});
  bytes der;
  if (key.type == key_type::p256)
    der = p256::to_der(by.data);
  bytes_view given = key.type == key_type::p256 ? bytes_view{der} : bytes_view{by.data};
  if (given.empty()
      || EVP_DigestVerify(c.get(), openssl::in(given.data()), given.size(), openssl::in(message.data()), message.size())
           != 1)
    return openssl::failure(errc::not_authentic, "a signature that is not by that key, or over something else");
  held_before().add(what);
  return {};
}

} // namespace ockam::identities
