// SPDX-License-Identifier: Apache-2.0
#include "identity/noise_state.hpp"

#include <cassert>
#include <cstring>

namespace ockam::identities {

noise_state::noise_state(std::string_view protocol) : ck_{sizeof(digest)} {
  assert(protocol.size() <= ck_.size());
  std::memcpy(ck_.writable().data(), protocol.data(), protocol.size());
  h_ = sha256(ck_.bytes()); // the name as it is, and the empty prologue mixed in
}

noise_state noise_state::copy() const {
  noise_state out;
  out.h_ = h_;
  out.ck_ = ck_.duplicate();
  if (k_)
    out.k_.emplace(k_->key().duplicate());
  out.n_ = n_;
  return out;
}

void noise_state::mix_key(const secret& shared) {
  auto [ck, k] = hkdf2(ck_.bytes(), shared.bytes());
  ck_ = std::move(ck);
  k_.emplace(std::move(k));
  n_ = 0;
}

void noise_state::encrypt(bytes_view text, bytes& out) {
  assert(k_);
  auto at = out.size();
  out.resize(at + text.size() + aead_key::tag_size);
  k_->seal(n_++, h_, {&text, 1}, out.data() + at);
  mix_hash(bytes_view{out}.subspan(at));
}

std::optional<bytes> noise_state::decrypt(bytes_view sealed) {
  assert(k_);
  bytes out(sealed.size() < aead_key::tag_size ? 0 : sealed.size() - aead_key::tag_size);
  if (!k_->open(n_++, h_, sealed, out.data()))
    return std::nullopt;
  mix_hash(sealed);
  return out;
}

} // namespace ockam::identities
