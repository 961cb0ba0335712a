// SPDX-License-Identifier: Apache-2.0
#include "identity/sealed_box.hpp"

#include "identity/aead.hpp"
#include "identity/digest.hpp"
#include "identity/openssl.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace ockam::identities {

namespace {

constexpr std::string_view magic = "ockamvlt";
constexpr std::byte version{1};
constexpr std::size_t flag_at = 9, cost_at = 10, salt_at = 13, fresh_at = 29;
constexpr std::byte plain{0}, sealed{1};
/// A file may say what cost it likes; it gets no more memory than this.
constexpr std::uint64_t max_memory = std::uint64_t{1} << 30;

bool in_bounds(scrypt_cost c) {
  if (c.log2_n < 10 || c.log2_n > 24 || c.r < 1 || c.p < 1 || c.p > 16)
    return false;
  return (std::uint64_t{128} * c.r << c.log2_n) + std::uint64_t{128} * c.r * c.p <= max_memory;
}

/// The header's fixed part, which is there. What is wrong with it, or nothing.
std::optional<error> check_header(bytes_view in) {
  if (in.size() < sealed_box::plain_header || std::memcmp(in.data(), magic.data(), magic.size()) != 0)
    return error{errc::malformed, "not a vault", {}};
  if (in[magic.size()] != version || (in[flag_at] != plain && in[flag_at] != sealed))
    return error{errc::unsupported, "a vault of another version", "a newer program has written it"};
  if (in[flag_at] == sealed && in.size() < sealed_box::sealed_header + aead_key::tag_size)
    return error{errc::malformed, "a vault that was cut off", {}};
  return std::nullopt;
}

aead_key one_time_key(const secret& key, bytes_view fresh) { return aead_key{hkdf2(fresh, key.bytes()).first}; }

} // namespace

result<void> sealed_box::derive(const secret& passphrase) {
  secret key{aead_key::size};
  if (EVP_PBE_scrypt(reinterpret_cast<const char*>(passphrase.bytes().data()), passphrase.size(),
                     openssl::in(salt_.data()), salt_.size(), std::uint64_t{1} << cost_.log2_n, cost_.r, cost_.p,
                     2 * max_memory, openssl::in(key.writable().data()), key.size())
      != 1)
    return openssl::failure(errc::limit_reached, "no memory for the passphrase of a vault");
  key_ = std::move(key);
  return {};
}

result<sealed_box> sealed_box::make(const secret& passphrase, random_source& random, scrypt_cost cost) {
  if (passphrase.empty() || !in_bounds(cost))
    return error{
      errc::invalid_argument, passphrase.empty() ? "an empty passphrase" : "a cost of scrypt out of bounds", {}};
  sealed_box out;
  out.cost_ = cost;
  if (auto filled = random.fill(out.salt_); !filled)
    return std::move(filled).error();
  if (auto made = out.derive(passphrase); !made)
    return std::move(made).error();
  return out;
}

result<std::pair<sealed_box, secret>> sealed_box::open(bytes_view in, const secret* passphrase) {
  if (auto bad = check_header(in))
    return *bad;
  sealed_box box;
  if (in[flag_at] == plain && passphrase)
    return error{errc::invalid_argument, "a passphrase for a vault that has none", {}};
  if (in[flag_at] == sealed) {
    if (!passphrase || passphrase->empty())
      return error{errc::permission_denied, "the vault is sealed", "it needs its passphrase"};
    auto number = [&](std::size_t at) { return std::to_integer<std::uint8_t>(in[at]); };
    box.cost_ = {number(cost_at), number(cost_at + 1), number(cost_at + 2)};
    if (!in_bounds(box.cost_))
      return error{errc::unsupported, "a vault with a cost of scrypt out of bounds", {}};
    std::copy_n(in.begin() + salt_at, salt_size, box.salt_.begin());
    if (auto made = box.derive(*passphrase); !made)
      return std::move(made).error();
  }
  auto content = box.reopen(in);
  if (!content)
    return std::move(content).error();
  return std::pair{std::move(box), *std::move(content)};
}

bool sealed_box::is_sealed(bytes_view in) { return !check_header(in) && in[flag_at] == sealed; }

result<secret> sealed_box::reopen(bytes_view in) const {
  if (auto bad = check_header(in))
    return *bad;
  if ((in[flag_at] == sealed) != key_.has_value()
      || (key_ && !std::equal(salt_.begin(), salt_.end(), in.begin() + salt_at)))
    return error{errc::permission_denied, "the vault has another passphrase than before", {}};
  if (!key_)
    return secret::copy_of(in.subspan(plain_header));
  secret out{in.size() - sealed_header - aead_key::tag_size};
  auto key = one_time_key(*key_, in.subspan(fresh_at, salt_size));
  if (!key.open(0, in.first(sealed_header), in.subspan(sealed_header), out.writable().data()))
    return error{
      errc::permission_denied, "the vault does not open: a wrong passphrase, or bytes that were altered", {}};
  return out;
}

result<secret> sealed_box::seal(bytes_view content, random_source& random) const {
  secret out{key_ ? sealed_header + content.size() + aead_key::tag_size : plain_header + content.size()};
  auto to = out.writable();
  std::memcpy(to.data(), magic.data(), magic.size());
  to[magic.size()] = version;
  to[flag_at] = key_ ? sealed : plain;
  if (!key_) {
    std::copy(content.begin(), content.end(), to.begin() + plain_header);
    return out;
  }
  to[cost_at] = std::byte{cost_.log2_n};
  to[cost_at + 1] = std::byte{cost_.r};
  to[cost_at + 2] = std::byte{cost_.p};
  std::copy(salt_.begin(), salt_.end(), to.begin() + salt_at);
  if (auto filled = random.fill(to.subspan(fresh_at, salt_size)); !filled)
    return std::move(filled).error();
  one_time_key(*key_, to.subspan(fresh_at, salt_size))
    .seal(0, to.first(sealed_header), {&content, 1}, to.data() + sealed_header);
  return out;
}

} // namespace ockam::identities
