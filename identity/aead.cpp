// SPDX-License-Identifier: Apache-2.0
#include "identity/aead.hpp"

#include "identity/openssl.hpp"

#include <array>
#include <cassert>
#include <cstring>

namespace ockam::identities {

namespace {

constexpr std::uint64_t rekey_nonce = ~std::uint64_t{0};

std::array<unsigned char, 12> initialization_vector(std::uint64_t nonce) {
  std::array<unsigned char, 12> iv{};
  for (std::size_t i = 0; i < 8; ++i)
    iv[11 - i] = static_cast<unsigned char>(nonce >> (8 * i));
  return iv;
}

} // namespace

struct aead_key::context {
  openssl::cipher_context cipher{EVP_CIPHER_CTX_new()};
};

aead_key::aead_key(secret key) : key_{std::move(key)}, context_{std::make_unique<context>()} {
  assert(key_.size() == size);
  auto* c = context_->cipher.get();
  openssl::needs_only_memory(
    c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), nullptr, openssl::in(key_.bytes().data()), nullptr, 1) == 1);
}

aead_key::aead_key(aead_key&&) noexcept = default;
aead_key& aead_key::operator=(aead_key&&) noexcept = default;
aead_key::~aead_key() = default;

void aead_key::seal(std::uint64_t nonce, bytes_view associated, std::span<const bytes_view> parts,
                    std::byte* out) const {
  auto* c = context_->cipher.get();
  int n = 0;
  bool ok = EVP_CipherInit_ex(c, nullptr, nullptr, nullptr, initialization_vector(nonce).data(), 1) == 1;
  if (!associated.empty())
    ok =
      ok && EVP_CipherUpdate(c, nullptr, &n, openssl::in(associated.data()), static_cast<int>(associated.size())) == 1;
  for (auto part : parts) {
    if (part.empty())
      continue;
    ok = ok && EVP_CipherUpdate(c, openssl::in(out), &n, openssl::in(part.data()), static_cast<int>(part.size())) == 1;
    out += part.size();
  }
  ok = ok && EVP_CipherFinal_ex(c, openssl::in(out), &n) == 1
       && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag_size, out) == 1;
  openssl::needs_only_memory(ok);
}

bool aead_key::open(std::uint64_t nonce, bytes_view associated, bytes_view sealed, std::byte* out) const {
  if (sealed.size() < tag_size || sealed.size() > max_text)
    return false;
  auto text = sealed.first(sealed.size() - tag_size);
  std::array<std::byte, tag_size> tag;
  std::memcpy(tag.data(), sealed.data() + text.size(), tag_size);
  auto* c = context_->cipher.get();
  int n = 0;
  bool ok = EVP_CipherInit_ex(c, nullptr, nullptr, nullptr, initialization_vector(nonce).data(), 0) == 1;
  if (!associated.empty())
    ok =
      ok && EVP_CipherUpdate(c, nullptr, &n, openssl::in(associated.data()), static_cast<int>(associated.size())) == 1;
  if (!text.empty())
    ok = ok && EVP_CipherUpdate(c, openssl::in(out), &n, openssl::in(text.data()), static_cast<int>(text.size())) == 1;
  unsigned char nothing[1]; // GCM has no last block to write
  ok = ok && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1
       && EVP_CipherFinal_ex(c, nothing, &n) == 1;
  if (!ok) {
    ERR_clear_error();
    wipe({out, text.size()}); // what nobody has vouched for
  }
  return ok;
}

secret aead_key::next() const {
  secret sealed{size + tag_size}; // of zeros, sealed in place
  const bytes_view zeros[] = {sealed.bytes().first(size)};
  seal(rekey_nonce, {}, zeros, sealed.writable().data());
  return secret::copy_of(sealed.bytes().first(size));
}

} // namespace ockam::identities
