// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/bytes.hpp"
#include "runtime/core/error.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>
#include <new>
#include <string>

/// What the sources of this folder share of OpenSSL: owners of its objects, and its errors. No other header includes
/// it.
namespace ockam::identities::openssl {

template <auto Free>
struct deleter {
  template <class T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};
using pkey = std::unique_ptr<EVP_PKEY, deleter<EVP_PKEY_free>>;
using pkey_context = std::unique_ptr<EVP_PKEY_CTX, deleter<EVP_PKEY_CTX_free>>;
using digest_context = std::unique_ptr<EVP_MD_CTX, deleter<EVP_MD_CTX_free>>;
using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, deleter<EVP_CIPHER_CTX_free>>;
using number = std::unique_ptr<BIGNUM, deleter<BN_clear_free>>;
using group = std::unique_ptr<EC_GROUP, deleter<EC_GROUP_free>>;
using point = std::unique_ptr<EC_POINT, deleter<EC_POINT_free>>;
using param_builder = std::unique_ptr<OSSL_PARAM_BLD, deleter<OSSL_PARAM_BLD_free>>;
using params = std::unique_ptr<OSSL_PARAM, deleter<OSSL_PARAM_free>>;

inline unsigned char* in(std::byte* p) noexcept { return reinterpret_cast<unsigned char*>(p); }
inline const unsigned char* in(const std::byte* p) noexcept { return reinterpret_cast<const unsigned char*>(p); }

/// An error in our words. OpenSSL's own stay out of it, since they may quote what it worked on; its queue is emptied,
/// or the next to look at it, a TLS stream for instance, would take them for its own.
inline error failure(errc code, std::string cause, std::string hint = {}) {
  ERR_clear_error();
  return {code, std::move(cause), std::move(hint)};
}

/// For calls that fail for lack of memory only, so that there is no error to handle.
inline void needs_only_memory(bool worked) {
  if (!worked) {
    ERR_clear_error();
    throw std::bad_alloc{};
  }
}

} // namespace ockam::identities::openssl
