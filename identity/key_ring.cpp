// SPDX-License-Identifier: Apache-2.0
#include "identity/key_ring.hpp"

#include "runtime/core/cbor.hpp"
#include "runtime/core/hex.hpp"

#include <algorithm>
#include <cstring>

namespace ockam::identities {

namespace {

constexpr std::size_t secret_size = 32; // of every kind
static_assert(secret_size == signing_secret_size && secret_size == x25519_secret_size);
constexpr std::size_t entry_bytes = 1 + 1 + 2 + secret_size; // head of the pair, kind, head of the string, key

error missing(bytes_view public_key) {
  return {errc::not_found, "the vault has no private key for " + to_hex(public_key),
          "is it another vault that has it?"};
}

} // namespace

bool key_ring::less::operator()(bytes_view a, bytes_view b) const noexcept {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

result<void> key_ring::insert(bytes_view public_key, kind what, secret key) {
  if (keys_.size() >= max_keys)
    return error{errc::limit_reached, "a vault of " + std::to_string(max_keys) + " keys takes no more", {}};
  keys_.insert_or_assign(bytes{public_key.begin(), public_key.end()}, entry{what, std::move(key)});
  return {};
}

result<verifying_key> key_ring::add(key_type type, secret key) {
  auto public_key = public_key_of(type, key);
  if (!public_key)
    return public_key;
  if (auto in = insert(public_key->bytes(), static_cast<kind>(type), std::move(key)); !in)
    return std::move(in).error();
  return public_key;
}

result<x25519_public> key_ring::add_static(secret key) {
  auto public_key = x25519_public_of(key);
  if (!public_key)
    return public_key;
  if (auto in = insert(*public_key, kind::x25519, std::move(key)); !in)
    return std::move(in).error();
  return public_key;
}

result<const key_ring::entry*> key_ring::find(bytes_view public_key, kind what) const {
  auto at = keys_.find(public_key);
  if (at == keys_.end() || at->second.what != what)
    return missing(public_key);
  return &at->second;
}

result<signature> key_ring::sign(const verifying_key& by, bytes_view message) const {
  auto found = find(by.bytes(), static_cast<kind>(by.type));
  if (!found)
    return std::move(found).error();
  return identities::sign(by.type, (*found)->key, message);
}

result<secret> key_ring::agree(const x25519_public& mine, const x25519_public& theirs) const {
  auto found = find(mine, kind::x25519);
  if (!found)
    return std::move(found).error();
  return x25519((*found)->key, mine, theirs);
}

result<void> key_ring::remove(bytes_view public_key) {
  auto at = keys_.find(public_key);
  if (at == keys_.end())
    return missing(public_key);
  keys_.erase(at);
  return {};
}

secret key_ring::encode() const {
  using cbor::major;
  secret out{cbor::head_size(keys_.size()) + keys_.size() * entry_bytes};
  auto* at = cbor::write_head(out.writable().data(), major::array, keys_.size());
  for (const auto& [public_key, e] : keys_) {
    at = cbor::write_head(at, major::array, 2);
    at = cbor::write_head(at, major::uint, static_cast<std::uint8_t>(e.what));
    at = cbor::write_head(at, major::bytes, secret_size);
    std::memcpy(at, e.key.bytes().data(), secret_size);
    at += secret_size;
  }
  return out;
}

result<key_ring> key_ring::decode(bytes_view in) {
  error malformed{errc::malformed, "the keys of a vault do not decode", {}};
  cbor::reader r{in};
  auto count = r.read_array();
  if (!count || *count > max_keys)
    return malformed;
  key_ring out;
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto fields = r.read_array();
    auto what = fields == 2u ? r.read_uint() : std::nullopt;
    auto key = what ? r.read_bytes() : std::nullopt;
    if (!key || key->size() != secret_size)
      return malformed;
    bool added = *what == static_cast<std::uint64_t>(kind::x25519)
                   ? static_cast<bool>(out.add_static(secret::copy_of(*key)))
                 : *what <= static_cast<std::uint64_t>(kind::p256)
                   ? static_cast<bool>(out.add(static_cast<key_type>(*what), secret::copy_of(*key)))
                   : false;
    if (!added)
      return malformed;
  }
  return out;
}

} // namespace ockam::identities
