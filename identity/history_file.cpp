// SPDX-License-Identifier: Apache-2.0
#include "identity/history_file.hpp"

#include "identity/private_file.hpp"
#include "runtime/core/hex.hpp"

namespace ockam::identities::history_file {

namespace {

error at(const std::string& path, error e) {
  if (e.cause.find(path) == std::string::npos)
    e.cause = "history " + path + ": " + e.cause;
  return e;
}

/// Without what editors and shells put behind it.
std::string_view digits_of(const secret& file) {
  std::string_view text{reinterpret_cast<const char*>(file.bytes().data()), file.size()};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.remove_suffix(1);
  return text;
}

} // namespace

result<identity> read(const std::string& path) {
  auto file = private_file::read(path, max_file);
  if (!file)
    return at(path, std::move(file).error());
  auto encoded = parse_hex(digits_of(*file));
  if (!encoded)
    return at(path, std::move(encoded).error());
  auto who = identity::import(*encoded);
  if (!who)
    return at(path, std::move(who).error());
  return who;
}

result<void> write(const std::string& path, const identity& who) {
  auto text = to_hex(who.exported()) + "\n";
  if (auto ok = private_file::replace(path, std::as_bytes(std::span{text})); !ok)
    return at(path, std::move(ok).error());
  return {};
}

result<identity> read_or_create(const std::string& path, vault& keys, key_type type, timestamp now) {
  auto there = read(path);
  if (there || there.error().code != errc::not_found)
    return there;
  auto held = private_file::guard::of(path);
  if (!held)
    return at(path, std::move(held).error());
  if (there = read(path); there || there.error().code != errc::not_found)
    return there; // another process has made it meanwhile
  auto made = create_identity(keys, type, now);
  if (!made)
    return made;
  if (auto ok = write(path, *made); !ok) {
    (void)keys.remove(made->latest().data.key); // nobody will ever ask for it
    return std::move(ok).error();
  }
  return made;
}

} // namespace ockam::identities::history_file
