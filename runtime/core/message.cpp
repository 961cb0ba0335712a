// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/message.hpp"

#include "runtime/core/bare.hpp"
#include "runtime/core/free_list.hpp"
#include "runtime/core/payload_text.hpp"

#include <array>

namespace ockam {

namespace {

thread_local free_list blocks{1024}; // about 0.6 MB

} // namespace

std::optional<std::string_view> message::text() const {
  return payload_text(body.bytes());
}

std::uint64_t sender_key(const message& m) {
  address_view sender;
  m.header.each_return([&](address_view a) { sender = a; });
  constexpr std::uint64_t spread = 0x9e3779b97f4a7c15; // of neighbouring numbers over the word
  return address_hash{}(sender) ^ m.source().producer * spread;
}

payload text_payload(std::string_view text) {
  constexpr std::size_t most = 0x7f; // with a length of one byte
  if (text.size() > most)
    return payload{bare::encode_string(text)};
  std::array<std::byte, 1 + most> bytes;
  bytes[0] = static_cast<std::byte>(text.size());
  text.copy(reinterpret_cast<char*>(bytes.data() + 1), text.size());
  return payload{std::span{bytes}.first(1 + text.size())};
}

void* message::operator new(std::size_t size) {
  return blocks.take(size);
}

void message::operator delete(void* p) noexcept {
  if (p)
    blocks.give(p);
}

} // namespace ockam
