// SPDX-License-Identifier: Apache-2.0
#include "identity/x25519.hpp"

#include "identity/openssl.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace ockam::identities {

namespace {

openssl::pkey private_key(const secret& key) {
  return openssl::pkey{
    EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, openssl::in(key.bytes().data()), key.size())};
}

/// The same, with its other half.
openssl::pkey key_pair(const secret& key, const x25519_public& public_key) {
  openssl::pkey_context c{EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, nullptr)};
  // What is only read: the names are of OpenSSL's, and its types know no const.
  std::array<OSSL_PARAM, 3> halves{
    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, const_cast<std::byte*>(key.bytes().data()), key.size()),
    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, const_cast<std::byte*>(public_key.data()), public_key.size()),
    OSSL_PARAM_construct_end()};
  EVP_PKEY* made = nullptr;
  if (!c || EVP_PKEY_fromdata_init(c.get()) != 1 || EVP_PKEY_fromdata(c.get(), &made, EVP_PKEY_KEYPAIR, halves.data()) != 1)
    return nullptr;
  return openssl::pkey{made};
}

} // namespace

result<x25519_key_pair> make_x25519_key_pair(random_source& random) {
  secret key{x25519_secret_size};
  if (auto filled = random.fill(key.writable()); !filled)
    return std::move(filled).error();
  auto public_key = x25519_public_of(key);
  if (!public_key)
    return std::move(public_key).error();
  return x25519_key_pair{std::move(key), *public_key};
}

result<x25519_public> x25519_public_of(const secret& key) {
  x25519_public out;
  std::size_t size = out.size();
  auto pair = key.size() == x25519_secret_size ? private_key(key) : nullptr;
  if (!pair || EVP_PKEY_get_raw_public_key(pair.get(), openssl::in(out.data()), &size) != 1)
    return openssl::failure(errc::invalid_argument, "not a private key of X25519");
  return out;
}

result<secret> x25519(const secret& mine, const x25519_public& my_public, const x25519_public& theirs) {
  auto own = mine.size() == x25519_secret_size ? key_pair(mine, my_public) : nullptr;
  openssl::pkey other{EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, openssl::in(theirs.data()), theirs.size())};
  openssl::pkey_context c{own ? EVP_PKEY_CTX_new(own.get(), nullptr) : nullptr};
  secret shared{x25519_secret_size};
  std::size_t size = shared.size();
  if (!c || !other || EVP_PKEY_derive_init(c.get()) != 1 || EVP_PKEY_derive_set_peer(c.get(), other.get()) != 1)
    return openssl::failure(errc::invalid_argument, "not a key of X25519");
  // OpenSSL refuses an outcome of zeros, which is that of points of low order.
  if (EVP_PKEY_derive(c.get(), openssl::in(shared.writable().data()), &size) != 1 || size != shared.size())
    return openssl::failure(errc::not_authentic, "a public key of X25519 that has no secret");
  return shared;
}

} // namespace ockam::identities
