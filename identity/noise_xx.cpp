// SPDX-License-Identifier: Apache-2.0
#include "identity/noise_xx.hpp"

#include <algorithm>
#include <utility>

namespace ockam::identities::noise_xx {

namespace {

constexpr std::size_t key_size = sizeof(x25519_public);
constexpr std::size_t sealed_key_size = key_size + aead_key::tag_size;

error unreadable(std::string_view which) {
  return {errc::not_authentic, std::string{which} + " does not open: altered, or not meant for this handshake", {}};
}

/// What is wrong with the size of a message, or nothing.
std::optional<error> check_size(std::string_view which, std::size_t size, std::size_t least) {
  if (size > max_message)
    return error{errc::too_large, std::string{which} + " of " + std::to_string(size) + " bytes",
                 "at most " + std::to_string(max_message)};
  if (size < least)
    return error{errc::malformed, std::string{which} + " of " + std::to_string(size) + " bytes is cut off", {}};
  return std::nullopt;
}

x25519_public key_in(bytes_view b) {
  x25519_public out;
  std::copy_n(b.begin(), out.size(), out.begin());
  return out;
}

/// A sealed static key.
std::optional<x25519_public> decrypt_key(noise_state& state, bytes_view sealed) {
  auto key = state.decrypt(sealed);
  return key ? std::optional{key_in(*key)} : std::nullopt;
}

} // namespace

result<void> end::draw_ephemeral() {
  auto made = make_x25519_key_pair(*random_);
  if (!made)
    return std::move(made).error();
  e_ = *std::move(made);
  return {};
}

result<void> end::mix(noise_state& state, result<secret> shared) {
  if (!shared)
    return std::move(shared).error();
  state.mix_key(*shared);
  return {};
}

result<bytes> initiator::write_m1(bytes_view payload) {
  if (auto bad = check_size("m1", key_size + payload.size(), key_size))
    return *bad;
  if (auto drawn = draw_ephemeral(); !drawn)
    return std::move(drawn).error();
  bytes out{e_.public_key.begin(), e_.public_key.end()};
  out.insert(out.end(), payload.begin(), payload.end());
  state_.mix_hash(e_.public_key);
  state_.mix_hash(payload);
  return out;
}

result<bytes> initiator::read_m2(bytes_view message) {
  if (auto bad = check_size("m2", message.size(), m2_overhead))
    return *bad;
  auto state = state_.copy();
  auto re = key_in(message);
  state.mix_hash(re);
  if (auto ee = mix(state, x25519(e_.key, e_.public_key, re)); !ee)
    return std::move(ee).error();
  auto rs = decrypt_key(state, message.subspan(key_size, sealed_key_size));
  if (!rs)
    return unreadable("m2");
  if (auto es = mix(state, x25519(e_.key, e_.public_key, *rs)); !es)
    return std::move(es).error();
  auto payload = state.decrypt(message.subspan(key_size + sealed_key_size));
  if (!payload)
    return unreadable("m2");
  state_ = std::move(state);
  re_ = re;
  rs_ = *rs;
  return *std::move(payload);
}

result<bytes> initiator::write_m3(bytes_view payload) {
  if (auto bad = check_size("m3", m3_overhead + payload.size(), m3_overhead))
    return *bad;
  bytes out;
  out.reserve(m3_overhead + payload.size());
  auto state = state_.copy();
  state.encrypt(s_, out);
  if (auto se = mix(state, keys_->agree(s_, re_)); !se)
    return std::move(se).error();
  state.encrypt(payload, out);
  state_ = std::move(state);
  return out;
}

channel_keys initiator::finish() {
  drop_ephemeral();
  auto [first, second] = state_.split();
  return {std::move(second), std::move(first), state_.h()};
}

result<bytes> responder::read_m1(bytes_view message) {
  if (auto bad = check_size("m1", message.size(), key_size))
    return *bad;
  re_ = key_in(message);
  auto payload = message.subspan(key_size);
  state_.mix_hash(re_);
  state_.mix_hash(payload);
  return bytes{payload.begin(), payload.end()};
}

result<bytes> responder::write_m2(bytes_view payload) {
  if (auto bad = check_size("m2", m2_overhead + payload.size(), m2_overhead))
    return *bad;
  if (auto drawn = draw_ephemeral(); !drawn)
    return std::move(drawn).error();
  auto state = state_.copy();
  bytes out;
  out.reserve(m2_overhead + payload.size());
  out.insert(out.end(), e_.public_key.begin(), e_.public_key.end());
  state.mix_hash(e_.public_key);
  if (auto ee = mix(state, x25519(e_.key, e_.public_key, re_)); !ee)
    return std::move(ee).error();
  state.encrypt(s_, out);
  if (auto es = mix(state, keys_->agree(s_, re_)); !es)
    return std::move(es).error();
  state.encrypt(payload, out);
  state_ = std::move(state);
  return out;
}

result<bytes> responder::read_m3(bytes_view message) {
  if (auto bad = check_size("m3", message.size(), m3_overhead))
    return *bad;
  auto state = state_.copy();
  auto rs = decrypt_key(state, message.first(sealed_key_size));
  if (!rs)
    return unreadable("m3");
  if (auto se = mix(state, x25519(e_.key, e_.public_key, *rs)); !se)
    return std::move(se).error();
  auto payload = state.decrypt(message.subspan(sealed_key_size));
  if (!payload)
    return unreadable("m3");
  state_ = std::move(state);
  rs_ = *rs;
  return *std::move(payload);
}

channel_keys responder::finish() {
  drop_ephemeral();
  auto [first, second] = state_.split();
  return {std::move(first), std::move(second), state_.h()};
}

} // namespace ockam::identities::noise_xx
