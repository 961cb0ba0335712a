// SPDX-License-Identifier: Apache-2.0
#include "identity/encoding.hpp"

#include <algorithm>

namespace ockam::identities {

encoder& encoder::head(cbor::major type, std::uint64_t value) {
  std::array<std::byte, 9> made;
  out_.insert(out_.end(), made.data(), cbor::write_head(made.data(), type, value));
  return *this;
}

encoder& encoder::byte(std::uint8_t value) {
  out_.push_back(std::byte{value});
  return *this;
}

encoder& encoder::byte_string(bytes_view value) {
  head(cbor::major::bytes, value.size());
  out_.insert(out_.end(), value.begin(), value.end());
  return *this;
}

encoder& encoder::key(const verifying_key& k) {
  return array(2).uint(static_cast<std::uint64_t>(k.type)).array(1).byte_string(k.bytes());
}

encoder& encoder::signed_by(const signature& s) {
  return array(2).uint(static_cast<std::uint64_t>(s.type)).array(1).byte_string(s.data);
}

bool structure::next() noexcept {
  if (!length_ || ended_)
    return false;
  ended_ = *length_ == cbor::reader::indefinite ? in_.skip_break() : read_ == *length_;
  ++read_;
  return !ended_;
}

bool structure::skip_rest() noexcept {
  while (next())
    if (!in_.skip())
      return false;
  return length_.has_value();
}

std::optional<std::uint64_t> read_choice(cbor::reader& in) {
  constexpr std::uint64_t number_and_fields = 2;
  auto length = in.read_array();
  return length == number_and_fields ? in.read_uint() : std::nullopt;
}

std::optional<verifying_key> read_key(cbor::reader& in) {
  auto type = read_choice(in);
  if (!type || *type > static_cast<std::uint64_t>(key_type::p256))
    return std::nullopt;
  structure fields{in};
  auto given = fields.next() ? in.read_bytes() : std::nullopt;
  verifying_key out;
  out.type = static_cast<key_type>(*type);
  if (!given || given->size() != out.size() || !fields.skip_rest())
    return std::nullopt;
  std::copy(given->begin(), given->end(), out.data.begin());
  return out;
}

std::optional<signature> read_signature(cbor::reader& in) {
  auto type = read_choice(in);
  if (!type || *type > static_cast<std::uint64_t>(key_type::p256))
    return std::nullopt;
  structure fields{in};
  auto given = fields.next() ? read_fixed<std::array<std::byte, 64>>(in) : std::nullopt;
  if (!given || !fields.skip_rest())
    return std::nullopt;
  return signature{static_cast<key_type>(*type), *given};
}

} // namespace ockam::identities
