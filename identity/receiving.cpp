// SPDX-License-Identifier: Apache-2.0
#include "identity/receiving.hpp"

namespace ockam::identities {

namespace {

error refused(std::uint64_t nonce, std::string_view why) {
  return {errc::not_authentic, "message " + std::to_string(nonce) + " of a channel: " + std::string{why}, {}};
}

constexpr std::string_view does_not_open = "does not open";
constexpr std::string_view out_of_reach = "taken before, or too far from the newest";

} // namespace

bool opening::open(bytes_view wire, std::byte* out) const {
  return wire.size() >= sealed_overhead && aead_key{key.duplicate()}.open(nonce, {}, wire.subspan(nonce_size), out);
}

result<std::uint64_t> receiving::acceptable(bytes_view wire) const {
  if (wire.size() < sealed_overhead)
    return error{
      errc::malformed, "a message of a channel that is cut off: " + std::to_string(wire.size()) + " bytes", {}};
  std::uint64_t nonce = 0;
  for (auto b : wire.first(nonce_size))
    nonce = nonce << 8 | std::to_integer<std::uint64_t>(b);
  if (nonce > sending::max_nonce || (use_ == use::messages && !window_.may_take(nonce)))
    return refused(nonce, out_of_reach);
  return nonce;
}

bool receiving::is_of_next(std::uint64_t nonce) const noexcept { return nonce / rekey_interval == bucket_ + 1; }

const aead_key* receiving::key_for(std::uint64_t nonce) {
  auto bucket = nonce / rekey_interval;
  if (use_ == use::key_exchange || bucket == bucket_)
    return &current_;
  if (is_of_next(nonce)) {
    if (!next_)
      next_.emplace(current_.next());
    return &*next_;
  }
  return bucket + 1 == bucket_ && previous_ ? &*previous_ : nullptr;
}

result<std::uint64_t> receiving::open(bytes_view wire, std::byte* out) {
  auto nonce = acceptable(wire);
  if (!nonce)
    return nonce;
  const auto* key = key_for(*nonce);
  if (!key)
    return refused(*nonce, out_of_reach);
  if (!key->open(*nonce, {}, wire.subspan(nonce_size), out))
    return refused(*nonce, does_not_open);
  if (auto taken = commit(*nonce); !taken)
    return std::move(taken).error();
  return nonce;
}

result<opening> receiving::begin(bytes_view wire) {
  auto nonce = acceptable(wire);
  if (!nonce)
    return std::move(nonce).error();
  const auto* key = key_for(*nonce);
  if (!key)
    return refused(*nonce, out_of_reach);
  return opening{*nonce, key->key().duplicate()};
}

result<void> receiving::commit(std::uint64_t nonce) {
  if (use_ == use::key_exchange)
    return {};
  if (!window_.may_take(nonce))
    return refused(nonce, out_of_reach);
  window_.take(nonce);
  if (is_of_next(nonce) && next_) {
    previous_ = std::move(current_);
    current_ = *std::move(next_);
    next_.reset();
    ++bucket_;
  }
  return {};
}

} // namespace ockam::identities
