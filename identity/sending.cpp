// SPDX-License-Identifier: Apache-2.0
#include "identity/sending.hpp"

namespace ockam::identities {

namespace {

void write_nonce(std::uint64_t nonce, std::byte* out) {
  for (std::size_t i = 0; i < nonce_size; ++i)
    out[nonce_size - 1 - i] = static_cast<std::byte>(nonce >> (8 * i));
}

void seal_with(const aead_key& key, std::uint64_t nonce, std::span<const bytes_view> parts, std::byte* out) {
  write_nonce(nonce, out);
  key.seal(nonce, {}, parts, out + nonce_size);
}

} // namespace

void sealing::seal(std::span<const bytes_view> parts, std::byte* out) const {
  seal_with(aead_key{key.duplicate()}, nonce, parts, out);
}

result<std::uint64_t> sending::take_nonce() {
  if (next_ > max_nonce)
    return error{errc::limit_reached, "a channel that has sent all messages that it can", "make a new one"};
  auto nonce = next_++;
  if (use_ == use::messages && nonce > 0 && nonce % rekey_interval == 0)
    key_ = aead_key{key_.next()};
  return nonce;
}

result<void> sending::seal(std::span<const bytes_view> parts, std::byte* out) {
  std::size_t size = 0;
  for (auto part : parts)
    size += part.size();
  if (size > aead_key::max_text)
    return error{errc::too_large, "a message of " + std::to_string(size) + " bytes for a channel", {}};
  auto nonce = take_nonce();
  if (!nonce)
    return std::move(nonce).error();
  seal_with(key_, *nonce, parts, out);
  return {};
}

result<sealing> sending::detach() {
  auto nonce = take_nonce();
  if (!nonce)
    return std::move(nonce).error();
  return sealing{*nonce, key_.key().duplicate()};
}

} // namespace ockam::identities
