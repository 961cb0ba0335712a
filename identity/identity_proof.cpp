// SPDX-License-Identifier: Apache-2.0
#include "identity/identity_proof.hpp"

#include <algorithm>

namespace ockam::identities {

namespace {

void check_credentials(peer& of, std::span<const credential> shown, const requirements& wanted, known_identities& known,
                       timestamp now) {
  if (wanted.issuers.empty())
    return;
  for (const auto& c : shown) {
    auto checked = verify_credential(c, wanted.issuers, known, &of.who.id(), now);
    if (checked)
      of.credentials.push_back(*std::move(checked));
    else
      of.refused_credentials.push_back(checked.error().cause);
  }
}

/// Another implementation may have something else there.
std::optional<std::uint64_t> read_features(structure& fields, cbor::reader& in) {
  if (!fields.next())
    return 0;
  auto as_number = in;
  if (auto n = as_number.read_uint()) {
    in = as_number;
    return n;
  }
  return in.skip() ? std::optional<std::uint64_t>{0} : std::nullopt;
}

} // namespace

bytes encode(const identity_proof& proof) {
  encoder out;
  out.array(proof.features == 0 ? 3 : 4);
  encode(out, proof.history);
  encode(out, proof.attestation);
  encode_credentials(out, proof.credentials);
  if (proof.features != 0)
    out.uint(proof.features);
  return out.take();
}

void encode_credentials(encoder& out, std::span<const credential> all) {
  out.array(all.size());
  for (const auto& c : all)
    encode(out, c);
}

std::optional<std::vector<credential>> read_credentials(cbor::reader& in) {
  structure list{in};
  std::vector<credential> out;
  while (list.next()) {
    auto c = out.size() < identity_proof::max_credentials ? read_credential(in) : std::nullopt;
    if (!c)
      return std::nullopt;
    out.push_back(*std::move(c));
  }
  return list.skip_rest() ? std::optional{std::move(out)} : std::nullopt;
}

result<identity_proof> decode_proof(bytes_view in) {
  cbor::reader r{in};
  structure fields{r};
  auto history = fields.next() ? read_history(r) : std::nullopt;
  auto attestation = history && fields.next() ? read_signed_data(r) : std::nullopt;
  auto credentials = attestation && fields.next() ? read_credentials(r) : std::nullopt;
  auto features = credentials ? read_features(fields, r) : std::nullopt;
  if (!features || !fields.skip_rest())
    return error{errc::malformed, "what the other end says of itself does not decode", {}};
  return identity_proof{*std::move(history), *std::move(attestation), *std::move(credentials), *features};
}

bool requirements::admits(const identifier& who) const {
  return !authorized || std::find(authorized->begin(), authorized->end(), who) != authorized->end();
}

result<peer> verify_proof(identity_proof proof, const x25519_public& remote_static, const requirements& wanted,
                          known_identities& known, timestamp now) {
  auto who = identity::verify(std::move(proof.history));
  if (!who)
    return std::move(who).error();
  auto key = verify_attestation(proof.attestation, *who, now);
  if (!key)
    return std::move(key).error();
  const auto* attested = std::get_if<x25519_public>(&key->key);
  if (!attested || *attested != remote_static)
    return error{
      errc::not_authentic, to_string(who->id()) + " attests another key than the one of this handshake", {}};
  if (!wanted.admits(who->id()))
    return error{errc::not_authorized, to_string(who->id()) + " is not authorized", {}};
  if (auto learned = known.learn(*who); !learned)
    return std::move(learned).error();
  peer out{*std::move(who), {}, proof.features, {}};
  check_credentials(out, proof.credentials, wanted, known, now);
  return out;
}

result<peer> verify_refresh(const identifier& who, change_history history, std::span<const credential> credentials,
                            const requirements& wanted, known_identities& known, timestamp now) {
  auto shown = identity::verify(std::move(history), &who);
  if (!shown)
    return std::move(shown).error();
  if (auto learned = known.learn(*shown); !learned)
    return std::move(learned).error();
  peer out{*std::move(shown), {}, 0, {}};
  check_credentials(out, credentials, wanted, known, now);
  return out;
}

} // namespace ockam::identities
