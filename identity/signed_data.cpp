// SPDX-License-Identifier: Apache-2.0
#include "identity/signed_data.hpp"

namespace ockam::identities {

namespace {

constexpr std::uint64_t version = 1;

} // namespace

bytes versioned(data_type type, bytes_view content) {
  encoder out;
  out.array(3).uint(version).uint(static_cast<std::uint64_t>(type)).byte_string(content);
  return out.take();
}

result<bytes_view> content_of(bytes_view data, data_type type) {
  const error malformed{errc::malformed, "signed data that does not decode", {}};
  cbor::reader in{data};
  structure fields{in};
  auto its_version = fields.next() ? in.read_uint() : std::nullopt;
  auto its_type = its_version && fields.next() ? in.read_uint() : std::nullopt;
  auto content = its_type && fields.next() ? in.read_bytes() : std::nullopt;
  if (!content || !fields.skip_rest())
    return malformed;
  if (*its_version != version)
    return error{errc::unsupported, "signed data of version " + std::to_string(*its_version), {}};
  if (*its_type != static_cast<std::uint64_t>(type))
    return error{errc::malformed, "signed data of another type: " + std::to_string(*its_type), {}};
  return *content;
}

result<signed_data> sign(vault& keys, const verifying_key& by, data_type type, bytes_view content) {
  signed_data out;
  out.data = versioned(type, content);
  auto made = keys.sign(by, out.hash());
  if (!made)
    return std::move(made).error();
  out.by = *made;
  return out;
}

result<void> verify(const signed_data& what, const verifying_key& by) { return verify(by, what.hash(), what.by); }

void encode(encoder& out, const signed_data& what) { out.array(2).byte_string(what.data).signed_by(what.by); }

std::optional<signed_data> read_signed_data(cbor::reader& in) {
  structure fields{in};
  auto data = fields.next() ? in.read_bytes() : std::nullopt;
  auto by = data && fields.next() ? read_signature(in) : std::nullopt;
  if (!by || !fields.skip_rest())
    return std::nullopt;
  return signed_data{{data->begin(), data->end()}, *by};
}

} // namespace ockam::identities
