// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/digest.hpp"
#include "identity/signatures.hpp"
#include "runtime/core/cbor.hpp"

#include <optional>

/// CBOR as identities, credentials and handshakes have it. A structure is an array whose elements stand for its fields
/// in order, a choice between several an array of two:
///
///     struct = [field, field, …]          choice = [number, struct]        key, signature = [type, [bstr]]
///
/// We write definite lengths and the shortest heads. We read what the reference reads: structures may be longer (fields
/// of a later version are skipped) or indefinite, choices are definite, byte strings are definite and have exactly the
/// length that they must have, and bytes behind the outermost item are not looked at. Thread: any.
namespace ockam::identities {

/// Appends items one after the other.
class encoder {
 public:
  encoder& array(std::size_t elements) { return head(cbor::major::array, elements); }
  encoder& map(std::size_t pairs) { return head(cbor::major::map, pairs); }
  encoder& uint(std::uint64_t value) { return head(cbor::major::uint, value); }
  encoder& boolean(bool value) { return byte(value ? 0xf5 : 0xf4); }
  encoder& null() { return byte(0xf6); }
  encoder& byte_string(bytes_view value);
  encoder& key(const verifying_key& k);
  encoder& signed_by(const signature& s);
  bytes take() { return std::move(out_); }

 private:
  encoder& head(cbor::major type, std::uint64_t value);
  encoder& byte(std::uint8_t value);
  bytes out_;
};

/// The array of a structure, field by field: `next()` before each one, `skip_rest()` behind the last one we know.
class structure {
 public:
  explicit structure(cbor::reader& in) : in_{in}, length_{in.read_array()} {}

  /// Whether there is one more element; the reader stands at it then.
  bool next() noexcept;
  /// Goes past what is left. False when that is malformed, or there was no array.
  bool skip_rest() noexcept;

 private:
  cbor::reader& in_;
  std::optional<std::uint64_t> length_;
  std::uint64_t read_ = 0;
  bool ended_ = false;
};

/// The number of a choice; its fields, an array of their own, come next.
std::optional<std::uint64_t> read_choice(cbor::reader& in);
/// A byte string of exactly the size of `T`, an array of bytes.
template <class T>
std::optional<T> read_fixed(cbor::reader& in) {
  T out;
  auto given = in.read_bytes();
  if (!given || given->size() != out.size())
    return std::nullopt;
  std::copy(given->begin(), given->end(), out.begin());
  return out;
}
std::optional<verifying_key> read_key(cbor::reader& in);
std::optional<signature> read_signature(cbor::reader& in);

} // namespace ockam::identities
