// SPDX-License-Identifier: Apache-2.0
#include "identity/token_vault.hpp"

#include "identity/private_file.hpp"
#include "identity/sealed_box.hpp"

#include <algorithm>

namespace ockam::identities {

namespace {

struct description {
  std::string module;
  std::string label;
};

std::string_view text_of(const secret& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.size()};
}

bool is_token(const secret& file) { return text_of(file).starts_with(std::string{token_vault::first_line} + "\n"); }

bool fits_a_line(std::string_view text) {
  return !text.empty()
         && std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

result<description> read(const std::string& path, const secret& file) {
  auto text = text_of(file);
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < 4) {
    auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!is_token(file) || lines.size() != 3 || !fits_a_line(lines[1]) || !fits_a_line(lines[2])
      || lines[1].front() != '/')
    return error{errc::malformed, "vault " + path + ": it does not say which token it is", {}};
  return description{lines[1], lines[2]};
}

error at(const std::string& path, error e) {
  e.cause = "vault " + path + ": " + e.cause;
  return e;
}

} // namespace

result<void> token_vault::make(const std::string& path, const std::string& module, const std::string& label,
                               const secret& pin) {
  if (!fits_a_line(module) || !fits_a_line(label) || module.front() != '/')
    return error{errc::invalid_argument, "a token is named by the whole path of its module and by its label", {}};
  if (auto token = pkcs11_token::open(module, label, pin); !token)
    return at(path, std::move(token).error());
  auto text = std::string{first_line} + "\n" + module + "\n" + label + "\n";
  return private_file::replace(path, std::as_bytes(std::span{text}));
}

result<std::unique_ptr<token_vault>> token_vault::open(const std::string& path, const secret* pin, scrypt_cost cost) {
  auto file = private_file::read(path, max_file);
  auto which = file ? read(path, *file) : result<description>{std::move(file).error()};
  if (!which)
    return std::move(which).error();
  if (!pin)
    return error{errc::permission_denied, "vault " + path + ": a token needs its PIN", {}};
  auto token = pkcs11_token::open(which->module, which->label, *pin);
  if (!token)
    return at(path, std::move(token).error());
  return std::unique_ptr<token_vault>{new token_vault{*std::move(token), path, pin->duplicate(), cost}};
}

result<file_vault*> token_vault::static_keys() {
  std::lock_guard lock{mutex_};
  if (!static_keys_) {
    auto opened = file_vault::open(static_file(path_), &pin_, system_random(), cost_);
    if (!opened)
      return std::move(opened).error();
    static_keys_ = *std::move(opened);
  }
  return static_keys_.get();
}

result<verifying_key> token_vault::new_signing_key(key_type type) {
  if (type != key_type::p256)
    return error{errc::unsupported, "a token makes keys of P-256 only", {}};
  std::lock_guard lock{mutex_};
  return token_.new_key();
}

result<signature> token_vault::sign(const verifying_key& by, bytes_view message) {
  std::lock_guard lock{mutex_};
  return by.type == key_type::p256 ? token_.sign(by, message) : error{errc::not_found, "the token has no such key", {}};
}

result<void> token_vault::remove(const verifying_key& key) {
  std::lock_guard lock{mutex_};
  return key.type == key_type::p256 ? token_.remove(key) : error{errc::not_found, "the token has no such key", {}};
}

result<x25519_public> token_vault::new_static_key() {
  auto keys = static_keys();
  return keys ? (*keys)->new_static_key() : std::move(keys).error();
}

result<secret> token_vault::agree(const x25519_public& mine, const x25519_public& theirs) {
  auto keys = static_keys();
  return keys ? (*keys)->agree(mine, theirs) : std::move(keys).error();
}

result<void> token_vault::remove(const x25519_public& key) {
  auto keys = static_keys();
  return keys ? (*keys)->remove(key) : std::move(keys).error();
}

result<std::unique_ptr<vault>> open_vault_file(const std::string& path, const secret* passphrase) {
  auto upcast = [](auto opened) -> result<std::unique_ptr<vault>> {
    if (!opened)
      return std::move(opened).error();
    return std::unique_ptr<vault>{*std::move(opened)};
  };
  if (auto file = private_file::read(path, file_vault::max_file); file && is_token(*file))
    return upcast(token_vault::open(path, passphrase));
  return upcast(file_vault::open(path, passphrase)); // says what is wrong with a file that cannot be read
}

bool needs_passphrase(const std::string& path) {
  auto file = private_file::read(path, file_vault::max_file);
  return file && (is_token(*file) || sealed_box::is_sealed(file->bytes()));
}

} // namespace ockam::identities
