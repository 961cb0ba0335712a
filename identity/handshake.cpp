// SPDX-License-Identifier: Apache-2.0
#include "identity/handshake.hpp"

namespace ockam::identities {

result<own_identity> make_own_identity(vault& keys, const identity& who, timestamp now) {
  auto key = keys.new_static_key();
  if (!key)
    return std::move(key).error();
  auto attestation = attest(keys, who, *key, now);
  if (!attestation) {
    (void)keys.remove(*key);
    return std::move(attestation).error();
  }
  return own_identity{&keys, *key, {who.history(), *std::move(attestation), {}}};
}

handshake handshake::initiator(own_identity own, requirements wanted, known_identities& known, random_source& random) {
  noise_xx::initiator as{*own.keys, own.static_key, random};
  return {state::begins, std::move(as), std::move(own), std::move(wanted), known};
}

handshake handshake::responder(own_identity own, requirements wanted, known_identities& known, random_source& random) {
  noise_xx::responder as{*own.keys, own.static_key, random};
  return {state::awaits_m1, std::move(as), std::move(own), std::move(wanted), known};
}

result<bytes> handshake::begin() {
  if (state_ != state::begins)
    return error{errc::invalid_argument, "a handshake that is not one to begin", {}};
  auto m1 = std::get<noise_xx::initiator>(noise_).write_m1({}); // whatever it said there, everybody could read
  if (m1)
    state_ = state::awaits_m2;
  return m1;
}

result<bytes> handshake::receive(bytes_view message, timestamp now) {
  switch (state_) {
    case state::awaits_m1: return on_m1(message);
    case state::awaits_m2: return on_m2(message, now);
    case state::awaits_m3: return on_m3(message, now);
    case state::begins:
    case state::done:
    case state::failed: break;
  }
  return error{errc::invalid_argument, "a handshake that awaits no message", {}};
}

result<bytes> handshake::on_m1(bytes_view message) {
  auto& noise = std::get<noise_xx::responder>(noise_);
  if (auto m1 = noise.read_m1(message); !m1) // whatever it says there, nobody has vouched for
    return m1;
  auto m2 = noise.write_m2(encode(own_.proof));
  if (!m2)
    return fail(std::move(m2).error()); // the hash is that of this m1: another one needs another handshake
  state_ = state::awaits_m3;
  return m2;
}

result<bytes> handshake::on_m2(bytes_view message, timestamp now) {
  auto& noise = std::get<noise_xx::initiator>(noise_);
  auto payload = noise.read_m2(message);
  if (!payload)
    return payload;
  auto with = check(*payload, noise.remote_static(), now);
  if (!with)
    return fail(std::move(with).error());
  auto m3 = noise.write_m3(encode(own_.proof));
  if (!m3)
    return fail(std::move(m3).error());
  state_ = state::done;
  outcome_.emplace(established{noise.finish(), *std::move(with)});
  return m3;
}

result<bytes> handshake::on_m3(bytes_view message, timestamp now) {
  auto& noise = std::get<noise_xx::responder>(noise_);
  auto payload = noise.read_m3(message);
  if (!payload)
    return payload;
  auto with = check(*payload, noise.remote_static(), now);
  if (!with)
    return fail(std::move(with).error());
  state_ = state::done;
  outcome_.emplace(established{noise.finish(), *std::move(with)});
  return bytes{};
}

result<peer> handshake::check(bytes_view payload, const x25519_public& remote_static, timestamp now) {
  auto proof = decode_proof(payload);
  if (!proof)
    return std::move(proof).error();
  return verify_proof(*std::move(proof), remote_static, wanted_, *known_, now);
}

error handshake::fail(error why) {
  state_ = state::failed;
  return why;
}

} // namespace ockam::identities
