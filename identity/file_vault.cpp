// SPDX-License-Identifier: Apache-2.0
#include "identity/file_vault.hpp"

#include "identity/private_file.hpp"

namespace ockam::identities {

namespace {

error at(const std::string& path, error e) {
  if (e.cause.find(path) == std::string::npos)
    e.cause = "vault " + path + ": " + e.cause;
  return e;
}

} // namespace

result<std::unique_ptr<file_vault>> file_vault::open(std::string path, const secret* passphrase, random_source& random,
                                                     scrypt_cost cost) {
  auto held = private_file::guard::of(path);
  if (!held)
    return at(path, std::move(held).error());
  std::unique_ptr<file_vault> out{new file_vault{std::move(path), random}};
  auto file = private_file::read(out->path_, max_file);
  if (file) {
    auto opened = sealed_box::open(file->bytes(), passphrase);
    if (!opened)
      return at(out->path_, std::move(opened).error());
    auto keys = key_ring::decode(opened->second.bytes());
    if (!keys)
      return at(out->path_, std::move(keys).error());
    out->box_ = std::move(opened->first);
    out->keys_ = *std::move(keys);
    return out;
  }
  if (file.error().code != errc::not_found)
    return at(out->path_, std::move(file).error());
  if (passphrase) {
    auto box = sealed_box::make(*passphrase, random, cost);
    if (!box)
      return at(out->path_, std::move(box).error());
    out->box_ = *std::move(box);
  }
  auto empty = out->box_.seal(out->keys_.encode().bytes(), random);
  auto written = empty ? private_file::replace(out->path_, empty->bytes()) : result<void>{std::move(empty).error()};
  if (!written)
    return at(out->path_, std::move(written).error());
  return out;
}

result<void> file_vault::load() {
  auto file = private_file::read(path_, max_file);
  auto content = file ? box_.reopen(file->bytes()) : result<secret>{std::move(file).error()};
  auto keys = content ? key_ring::decode(content->bytes()) : result<key_ring>{std::move(content).error()};
  if (!keys)
    return at(path_, std::move(keys).error());
  keys_ = *std::move(keys);
  return {};
}

result<void> file_vault::look_again_for(bytes_view public_key) {
  return keys_.has(public_key) ? result<void>{} : load();
}

template <class F>
auto file_vault::change(F&& f) -> decltype(f(std::declval<key_ring&>())) {
  std::lock_guard lock{mutex_};
  auto held = private_file::guard::of(path_);
  if (!held)
    return at(path_, std::move(held).error());
  if (auto loaded = load(); !loaded)
    return std::move(loaded).error();
  auto outcome = f(keys_);
  if (!outcome)
    return outcome;
  auto sealed = box_.seal(keys_.encode().bytes(), random_);
  auto written = sealed ? private_file::replace(path_, sealed->bytes()) : result<void>{std::move(sealed).error()};
  if (!written) {
    (void)load(); // what the file has is what there is
    return at(path_, std::move(written).error());
  }
  return outcome;
}

result<verifying_key> file_vault::new_signing_key(key_type type) {
  return change([&](key_ring& keys) -> result<verifying_key> {
    auto key = make_signing_secret(type, random_);
    if (!key)
      return std::move(key).error();
    return keys.add(type, *std::move(key));
  });
}

result<x25519_public> file_vault::new_static_key() {
  return change([&](key_ring& keys) -> result<x25519_public> {
    auto pair = make_x25519_key_pair(random_);
    if (!pair)
      return std::move(pair).error();
    return keys.add_static(std::move(pair->key));
  });
}

result<void> file_vault::remove(const verifying_key& key) {
  return change([&](key_ring& keys) { return keys.remove(key.bytes()); });
}

result<void> file_vault::remove(const x25519_public& key) {
  return change([&](key_ring& keys) { return keys.remove(key); });
}

result<signature> file_vault::sign(const verifying_key& by, bytes_view message) {
  std::lock_guard lock{mutex_};
  if (auto there = look_again_for(by.bytes()); !there)
    return std::move(there).error();
  return keys_.sign(by, message);
}

result<secret> file_vault::agree(const x25519_public& mine, const x25519_public& theirs) {
  std::lock_guard lock{mutex_};
  if (auto there = look_again_for(mine); !there)
    return std::move(there).error();
  return keys_.agree(mine, theirs);
}

} // namespace ockam::identities
