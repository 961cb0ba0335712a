// SPDX-License-Identifier: Apache-2.0
#include "identity/change_history.hpp"

namespace ockam::identities {

namespace {

/// The second signature. One of a kind that we do not know counts as none, as the reference has it.
bool read_previous(cbor::reader& in, std::optional<signature>& out) {
  if (in.skip_null())
    return true;
  auto again = in;
  out = read_signature(again);
  if (out) {
    in = again;
    return true;
  }
  return in.skip();
}

std::optional<change> read_change(cbor::reader& in) {
  structure fields{in};
  auto data = fields.next() ? in.read_bytes() : std::nullopt;
  if (data && data->size() > change_history::max_change)
    return std::nullopt;
  auto by = data && fields.next() ? read_signature(in) : std::nullopt;
  if (!by)
    return std::nullopt;
  change out;
  out.data.assign(data->begin(), data->end());
  out.by = *by;
  if (fields.next() && !read_previous(in, out.by_previous))
    return std::nullopt;
  return fields.skip_rest() ? std::optional{std::move(out)} : std::nullopt;
}

void encode_change(encoder& out, const change& c) {
  out.array(c.by_previous ? 3 : 2).byte_string(c.data).signed_by(c.by);
  if (c.by_previous)
    out.signed_by(*c.by_previous);
}

std::size_t encoded_size(const change& c) {
  encoder out;
  encode_change(out, c);
  return out.take().size();
}

} // namespace

bytes encode(const change_data& what) {
  encoder out;
  out.array(5);
  if (what.previous)
    out.byte_string(*what.previous);
  else
    out.null();
  out.key(what.key).boolean(what.revokes_purpose_keys).uint(what.valid_from).uint(what.valid_until);
  return out.take();
}

result<change_data> decode_change(bytes_view versioned_data) {
  const error malformed{errc::malformed, "a change that does not decode", {}};
  auto content = content_of(versioned_data, data_type::change);
  if (!content)
    return std::move(content).error();
  cbor::reader in{*content};
  structure fields{in};
  change_data out;
  if (!fields.next())
    return malformed;
  if (!in.skip_null()) {
    out.previous = read_fixed<change_hash>(in);
    if (!out.previous)
      return malformed;
  }
  auto key = fields.next() ? read_key(in) : std::nullopt;
  auto revokes = key && fields.next() ? in.read_bool() : std::nullopt;
  auto from = revokes && fields.next() ? in.read_uint() : std::nullopt;
  auto until = from && fields.next() ? in.read_uint() : std::nullopt;
  if (!until || !fields.skip_rest())
    return malformed;
  out.key = *key;
  out.revokes_purpose_keys = *revokes;
  out.valid_from = *from;
  out.valid_until = *until;
  return out;
}

void encode(encoder& out, const change_history& h) {
  out.array(h.changes.size());
  for (const auto& c : h.changes)
    encode_change(out, c);
}

bytes encode(const change_history& h) {
  encoder out;
  encode(out, h);
  return out.take();
}

std::optional<change_history> read_history(cbor::reader& in) {
  structure changes{in};
  change_history out;
  std::size_t size = 0;
  while (changes.next()) {
    auto c = out.changes.size() < change_history::max_changes ? read_change(in) : std::nullopt;
    if (!c || (size += encoded_size(*c)) > change_history::max_size)
      return std::nullopt;
    out.changes.push_back(*std::move(c));
  }
  return changes.skip_rest() ? std::optional{std::move(out)} : std::nullopt;
}

result<change_history> decode_history(bytes_view in) {
  cbor::reader r{in};
  auto out = read_history(r);
  if (!out)
    return error{errc::malformed, "a change history that does not decode",
                 "it has at most " + std::to_string(change_history::max_changes) + " changes and " + std::to_string(change_history::max_size) + " bytes"};
  return *std::move(out);
}

} // namespace ockam::identities
