// SPDX-License-Identifier: Apache-2.0
#include "identity/credential.hpp"

#include <algorithm>

namespace ockam::identities {

namespace {

std::string text(bytes_view b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }
bytes_view view(const std::string& s) { return std::as_bytes(std::span{s}); }

error refused(std::string why) { return {errc::not_authentic, "credential: " + std::move(why), {}}; }

bool read_optional(cbor::reader& in, std::optional<digest>& out) {
  if (in.skip_null())
    return true;
  out = read_fixed<digest>(in);
  return out.has_value();
}

bool read_pair(cbor::reader& in, attributes& out) {
  auto name = in.read_bytes();
  auto value = name ? in.read_bytes() : std::nullopt;
  if (value)
    out.insert_or_assign(text(*name), text(*value)); // of two with one name the last counts, as in the reference
  return value.has_value();
}

bool read_attributes(cbor::reader& in, credential_data& out) {
  structure fields{in};
  auto schema = fields.next() ? in.read_uint() : std::nullopt;
  auto pairs = schema && fields.next() ? in.read_map() : std::nullopt;
  if (!pairs)
    return false;
  out.schema = *schema;
  for (std::uint64_t i = 0; *pairs == cbor::reader::indefinite ? !in.skip_break() : i < *pairs; ++i)
    if (!read_pair(in, out.says))
      return false;
  return fields.skip_rest();
}

void write_optional(encoder& out, const std::optional<digest>& value) {
  if (value)
    out.byte_string(*value);
  else
    out.null();
}

/// The attestation of the key, by an issuer whose word counts.
result<attestation_data> verify_key(const credential& c, std::span<const identifier> issuers, known_identities& known,
                                    timestamp now) {
  auto claimed = decode_attestation(c.key.data);
  if (!claimed)
    return std::move(claimed).error();
  if (std::find(issuers.begin(), issuers.end(), claimed->subject) == issuers.end())
    return refused("its issuer " + to_string(claimed->subject) + " is not one whose word counts");
  auto issuer = known.find(claimed->subject);
  if (!issuer)
    return std::move(issuer).error();
  if (!*issuer)
    return refused("the history of its issuer " + to_string(claimed->subject) + " is not known");
  return verify_attestation(c.key, **issuer, now);
}

} // namespace

bytes encode(const credential_data& what) {
  encoder out;
  out.array(5);
  write_optional(out, what.subject ? std::optional{what.subject->hash} : std::nullopt);
  write_optional(out, what.latest_change);
  out.array(2).uint(what.schema).map(what.says.size());
  for (const auto& [name, value] : what.says) // std::string compares bytes, so the order is the one of the wire
    out.byte_string(view(name)).byte_string(view(value));
  out.uint(what.created_at).uint(what.expires_at);
  return out.take();
}

result<credential_data> decode_credential(bytes_view versioned_data) {
  auto content = content_of(versioned_data, data_type::credential);
  if (!content)
    return std::move(content).error();
  cbor::reader in{*content};
  structure fields{in};
  credential_data out;
  std::optional<digest> subject;
  bool ok = fields.next() && read_optional(in, subject) && fields.next() && read_optional(in, out.latest_change)
            && fields.next() && read_attributes(in, out);
  auto created = ok && fields.next() ? in.read_uint() : std::nullopt;
  auto expires = created && fields.next() ? in.read_uint() : std::nullopt;
  if (!expires || !fields.skip_rest())
    return error{errc::malformed, "a credential that does not decode", {}};
  if (subject)
    out.subject = identifier{*subject};
  out.created_at = *created;
  out.expires_at = *expires;
  return out;
}

void encode(encoder& out, const credential& c) {
  out.array(2);
  encode(out, c.says);
  encode(out, c.key);
}

bytes encode(const credential& c) {
  encoder out;
  encode(out, c);
  return out.take();
}

std::optional<credential> read_credential(cbor::reader& in) {
  structure fields{in};
  auto says = fields.next() ? read_signed_data(in) : std::nullopt;
  auto key = says && fields.next() ? read_signed_data(in) : std::nullopt;
  if (!key || !fields.skip_rest())
    return std::nullopt;
  return credential{*std::move(says), *std::move(key)};
}

result<credential> decode_credential_and_key(bytes_view in) {
  cbor::reader r{in};
  auto out = read_credential(r);
  if (!out)
    return error{errc::malformed, "a credential that does not decode", {}};
  return *std::move(out);
}

result<issuing_key> make_issuing_key(vault& keys, const identity& issuer, key_type type, timestamp now) {
  auto key = keys.new_signing_key(type);
  if (!key)
    return std::move(key).error();
  auto attestation = attest(keys, issuer, *key, now);
  if (!attestation) {
    (void)keys.remove(*key);
    return std::move(attestation).error();
  }
  return issuing_key{*key, *std::move(attestation)};
}

result<credential> issue(vault& keys, const issuing_key& by, const identity& subject, attributes what, timestamp now,
                         timestamp lifetime, std::uint64_t schema) {
  auto key = decode_attestation(by.attestation.data);
  if (!key)
    return std::move(key).error();
  credential_data data{
    subject.id(), subject.latest().hash, schema, std::move(what), now, std::min(now + lifetime, key->expires_at)};
  auto made = sign(keys, by.key, data_type::credential, encode(data));
  if (!made)
    return std::move(made).error();
  return credential{*std::move(made), by.attestation};
}

result<verified_credential> verify_credential(const credential& c, std::span<const identifier> issuers,
                                              known_identities& known, const identifier* subject, timestamp now) {
  auto key = verify_key(c, issuers, known, now);
  if (!key)
    return std::move(key).error();
  const auto* signs_by = std::get_if<verifying_key>(&key->key);
  if (!signs_by)
    return refused("signed by a key for channels");
  if (auto ok = verify(c.says, *signs_by); !ok)
    return refused(ok.error().cause);
  auto data = decode_credential(c.says.data);
  if (!data)
    return std::move(data).error();
  if (!data->subject)
    return refused("about nobody");
  if (subject && *data->subject != *subject)
    return refused("about " + to_string(*data->subject));
  if (data->created_at < key->created_at || data->expires_at > key->expires_at)
    return refused("not within the validity of the key that signed it");
  if (data->created_at > now && data->created_at - now > clock_drift)
    return refused("from the future");
  if (data->expires_at < now)
    return refused("expired");
  return verified_credential{key->subject, *data->subject, data->schema, std::move(data->says), data->expires_at};
}

} // namespace ockam::identities
