// SPDX-License-Identifier: Apache-2.0
#include "identity/p256.hpp"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

namespace ockam::identities::p256 {

namespace {

constexpr int half = 32; // bytes of a coordinate, of r, of s, of a scalar

using ecdsa_signature = std::unique_ptr<ECDSA_SIG, openssl::deleter<ECDSA_SIG_free>>;

openssl::group curve() { return openssl::group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)}; }

openssl::number scalar(const secret& key) {
  openssl::number d{BN_secure_new()};
  if (!d || !BN_bin2bn(openssl::in(key.bytes().data()), static_cast<int>(key.size()), d.get()))
    return nullptr;
  BN_set_flags(d.get(), BN_FLG_CONSTTIME);
  return d;
}

bool in_range(const EC_GROUP* g, const BIGNUM* d) { return !BN_is_zero(d) && BN_cmp(d, EC_GROUP_get0_order(g)) < 0; }

/// `d` may be null: only the public half then.
openssl::pkey key_of(bytes_view point, const BIGNUM* d) {
  openssl::param_builder b{OSSL_PARAM_BLD_new()};
  if (!b || OSSL_PARAM_BLD_push_utf8_string(b.get(), OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1, 0) != 1
      || OSSL_PARAM_BLD_push_octet_string(b.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1
      || (d && OSSL_PARAM_BLD_push_BN(b.get(), OSSL_PKEY_PARAM_PRIV_KEY, d) != 1))
    return nullptr;
  openssl::params values{OSSL_PARAM_BLD_to_param(b.get())};
  openssl::pkey_context c{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
  EVP_PKEY* made = nullptr;
  int half_or_whole = d ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
  if (!values || !c || EVP_PKEY_fromdata_init(c.get()) != 1
      || EVP_PKEY_fromdata(c.get(), &made, half_or_whole, values.get()) != 1)
    return nullptr;
  return openssl::pkey{made};
}

} // namespace

bool is_scalar(const secret& key) {
  auto g = curve();
  auto d = scalar(key);
  openssl::needs_only_memory(g && d);
  return in_range(g.get(), d.get());
}

openssl::pkey private_key(const secret& key) {
  auto g = curve();
  auto d = scalar(key);
  if (!g || !d || !in_range(g.get(), d.get()))
    return nullptr;
  openssl::point q{EC_POINT_new(g.get())};
  std::array<std::byte, 65> encoded;
  if (!q || EC_POINT_mul(g.get(), q.get(), d.get(), nullptr, nullptr, nullptr) != 1
      || EC_POINT_point2oct(g.get(), q.get(), POINT_CONVERSION_UNCOMPRESSED, openssl::in(encoded.data()),
                            encoded.size(), nullptr)
           != encoded.size())
    return nullptr;
  return key_of(encoded, d.get());
}

openssl::pkey public_key(bytes_view uncompressed_point) {
  if (uncompressed_point.size() != 65 || uncompressed_point[0] != std::byte{4}) // OpenSSL also takes hybrid forms
    return nullptr;
  return key_of(uncompressed_point, nullptr); // which refuses what is not on the curve
}

bool write_public(EVP_PKEY* pair, std::array<std::byte, 65>& out) {
  std::size_t size = 0;
  return EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_PUB_KEY, openssl::in(out.data()), out.size(), &size) == 1
         && size == out.size();
}

bool from_der(bytes_view der, std::array<std::byte, 64>& raw) {
  const auto* at = openssl::in(der.data());
  ecdsa_signature s{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
  return s && BN_bn2binpad(ECDSA_SIG_get0_r(s.get()), openssl::in(raw.data()), half) == half
         && BN_bn2binpad(ECDSA_SIG_get0_s(s.get()), openssl::in(raw.data()) + half, half) == half;
}

bytes to_der(const std::array<std::byte, 64>& raw) {
  ecdsa_signature s{ECDSA_SIG_new()};
  openssl::number r{BN_bin2bn(openssl::in(raw.data()), half, nullptr)};
  openssl::number t{BN_bin2bn(openssl::in(raw.data()) + half, half, nullptr)};
  if (!s || !r || !t || ECDSA_SIG_set0(s.get(), r.get(), t.get()) != 1)
    return {};
  (void)r.release(); // now the signature's
  (void)t.release();
  unsigned char* made = nullptr;
  int size = i2d_ECDSA_SIG(s.get(), &made);
  if (size <= 0)
    return {};
  const auto* begin = reinterpret_cast<const std::byte*>(made);
  bytes out{begin, begin + size};
  OPENSSL_free(made);
  return out;
}

} // namespace ockam::identities::p256
