// SPDX-License-Identifier: Apache-2.0
#include "identity/digest.hpp"

#include "identity/openssl.hpp"

#include <openssl/hmac.h>

#include <cstring>

namespace ockam::identities {

namespace {

constexpr std::size_t hash_size = sizeof(digest);

/// OpenSSL's HKDF refuses empty input, which the last step of a handshake has; its HMAC does not.
void hmac(bytes_view key, bytes_view data, std::byte* out) {
  static constexpr unsigned char nothing = 0; // a null pointer of no length is a pointer that HMAC may not have
  const auto* from = data.empty() ? &nothing : openssl::in(data.data());
  openssl::needs_only_memory(
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), from, data.size(), openssl::in(out), nullptr)
    != nullptr);
}

} // namespace

digest sha256(bytes_view a, bytes_view b) {
  digest out;
  openssl::digest_context c{EVP_MD_CTX_new()};
  openssl::needs_only_memory(c && EVP_DigestInit_ex(c.get(), EVP_sha256(), nullptr) == 1
                             && EVP_DigestUpdate(c.get(), a.data(), a.size()) == 1
                             && EVP_DigestUpdate(c.get(), b.data(), b.size()) == 1
                             && EVP_DigestFinal_ex(c.get(), openssl::in(out.data()), nullptr) == 1);
  return out;
}

std::pair<secret, secret> hkdf2(bytes_view salt, bytes_view ikm) {
  secret prk{hash_size}, first{hash_size}, second{hash_size}, input{hash_size + 1};
  hmac(salt, ikm, prk.writable().data());
  auto counter = input.writable().subspan(hash_size);
  counter[0] = std::byte{1};
  hmac(prk.bytes(), counter, first.writable().data());
  std::memcpy(input.writable().data(), first.bytes().data(), hash_size);
  counter[0] = std::byte{2};
  hmac(prk.bytes(), input.bytes(), second.writable().data());
  return {std::move(first), std::move(second)};
}

} // namespace ockam::identities
