// SPDX-License-Identifier: Apache-2.0
#include "identity/purpose_key.hpp"

#include <algorithm>

namespace ockam::identities {

namespace {

constexpr std::uint64_t for_channels = 0, for_credentials = 1;

std::optional<purpose_public_key> read_purpose_key(cbor::reader& in) {
  auto purpose = read_choice(in);
  structure fields{in};
  if (!purpose || *purpose > for_credentials || !fields.next())
    return std::nullopt;
  std::optional<purpose_public_key> out;
  if (*purpose == for_channels) {
    if (auto key = read_fixed<x25519_public>(in))
      out = *key;
  } else if (auto key = read_key(in)) {
    out = *key;
  }
  return out && fields.skip_rest() ? out : std::nullopt;
}

} // namespace

bytes encode(const attestation_data& what) {
  encoder out;
  out.array(5).byte_string(what.subject.hash).byte_string(what.latest_change);
  if (const auto* channel = std::get_if<x25519_public>(&what.key))
    out.array(2).uint(for_channels).array(1).byte_string(*channel);
  else
    out.array(2).uint(for_credentials).array(1).key(std::get<verifying_key>(what.key));
  out.uint(what.created_at).uint(what.expires_at);
  return out.take();
}

result<attestation_data> decode_attestation(bytes_view versioned_data) {
  auto content = content_of(versioned_data, data_type::attestation);
  if (!content)
    return std::move(content).error();
  cbor::reader in{*content};
  structure fields{in};
  auto subject = fields.next() ? read_fixed<digest>(in) : std::nullopt;
  auto change = subject && fields.next() ? read_fixed<change_hash>(in) : std::nullopt;
  auto key = change && fields.next() ? read_purpose_key(in) : std::nullopt;
  auto created = key && fields.next() ? in.read_uint() : std::nullopt;
  auto expires = created && fields.next() ? in.read_uint() : std::nullopt;
  if (!expires || !fields.skip_rest())
    return error{errc::malformed, "an attestation of a purpose key that does not decode", {}};
  return attestation_data{{*subject}, *change, *key, *created, *expires};
}

result<signed_data> attest(vault& keys, const identity& who, const purpose_public_key& key, timestamp now,
                           timestamp lifetime) {
  const auto& latest = who.latest();
  if (now < latest.data.valid_from || now >= latest.data.valid_until)
    return error{errc::invalid_argument, "the key of " + to_string(who.id()) + " is not valid now",
                 "rotate it, or look at the clock"};
  auto expires = std::min(now + lifetime, latest.data.valid_until);
  return sign(keys, latest.data.key, data_type::attestation, encode({who.id(), latest.hash, key, now, expires}));
}

result<attestation_data> verify_attestation(const signed_data& attestation, const identity& who, timestamp now) {
  auto refused = [&](std::string why) {
    return error{
      errc::not_authentic, "attestation of a purpose key of " + to_string(who.id()) + ": " + std::move(why), {}};
  };
  auto data = decode_attestation(attestation.data);
  if (!data)
    return std::move(data).error();
  const auto& latest = who.latest();
  if (data->subject != who.id())
    return refused("it is one of " + to_string(data->subject));
  if (data->latest_change != latest.hash)
    return refused("by a key that is not the latest");
  if (data->expires_at > latest.data.valid_until || data->created_at < latest.data.valid_from)
    return refused("not within the validity of the key that signed it");
  if (data->created_at > now && data->created_at - now > clock_drift)
    return refused("from the future");
  if (data->expires_at < now)
    return refused("expired");
  if (auto ok = verify(attestation, latest.data.key); !ok)
    return refused(ok.error().cause);
  return data;
}

} // namespace ockam::identities
