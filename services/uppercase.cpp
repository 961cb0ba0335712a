// SPDX-License-Identifier: Apache-2.0
#include "services/uppercase.hpp"

#include "runtime/core/bare.hpp"
#include "runtime/core/utf8.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <unicase.h>

namespace ockam {

namespace {

/// How many bytes at the front are ASCII.
std::size_t ascii_length(std::string_view text) noexcept {
  constexpr std::uint64_t not_ascii = 0x8080808080808080;
  std::size_t i = 0;
  for (std::uint64_t word = 0; i + sizeof(word) <= text.size(); i += sizeof(word)) {
    std::memcpy(&word, text.data() + i, sizeof(word));
    if (word & not_ascii)
      break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80)
    ++i;
  return i;
}

/// How many bytes at the front are not, up to as much ASCII as is worth being handled by itself.
std::size_t other_length(std::string_view text) noexcept {
  constexpr std::size_t worth = 16;
  std::size_t i = 0;
  while (i < text.size()) {
    auto ascii = ascii_length(text.substr(i));
    if (ascii >= worth)
      return i;
    i += std::max<std::size_t>(ascii, 1);
  }
  return i;
}

void append_ascii(char* out, std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) { // without branches: compilers make vectors of it
    auto c = static_cast<unsigned char>(text[i]);
    bool small = static_cast<unsigned char>(c - 'a') < 26;
    out[i] = static_cast<char>(c - (small ? 0x20 : 0));
  }
}

/// The reply to one message, made in pieces.
class conversion {
 public:
  std::optional<result<payload>> operator()(message& m) {
    if (!begun_ && !begin(m))
      return not_text();
    auto piece = next_piece();
    done_ += piece.size();
    while (!piece.empty()) {
      if (auto n = ascii_length(piece); n > 0) {
        append_ascii(room_for(n), piece.substr(0, n));
        size_ += n;
        piece.remove_prefix(n);
        continue;
      }
      auto n = other_length(piece);
      if (!is_utf8(piece.substr(0, n)))
        return not_text();
      append_other(piece.substr(0, n));
      piece.remove_prefix(n);
    }
    if (done_ < text_.size()) {
      m.recharge(capacity_);
      return std::nullopt;
    }
    return finish();
  }

 private:
  /// Converted in one call: a millisecond, when none of it is ASCII.
  static constexpr std::size_t piece_size = 64u << 10;
  /// In front of the text, for its length, which is known at the end.
  static constexpr std::size_t length_size = 10;

  static result<payload> not_text() {
    return error{errc::invalid_argument, "the payload is not a BARE string in UTF-8", {}};
  }

  bool begin(const message& m) {
    begun_ = true;
    auto bytes = m.bytes();
    auto text = bare::read_string(bytes);
    text_ = text.value_or(std::string_view{});
    return text.has_value();
  }

  /// Whole characters.
  std::string_view next_piece() const noexcept {
    auto rest = text_.substr(done_);
    auto n = std::min(rest.size(), piece_size);
    auto inside = [&] { return n < rest.size() && (static_cast<unsigned char>(rest[n]) & 0xc0) == 0x80; };
    for (auto least = n - std::min<std::size_t>(n, 3); n > least && inside();)
      --n;
    return rest.substr(0, n);
  }

  /// Where `n` more bytes go.
  char* room_for(std::size_t n) {
    if (!block_ || size_ + n > capacity_) {
      auto larger = std::max({length_size + text_.size(), size_ + n, capacity_ + capacity_ / 2});
      auto block = std::make_unique_for_overwrite<std::byte[]>(larger);
      if (block_)
        std::memcpy(block.get(), block_.get(), size_);
      block_ = std::move(block);
      capacity_ = larger;
    }
    return reinterpret_cast<char*>(block_.get() + size_);
  }

  void append_other(std::string_view text) {
    std::size_t n = 0;
    std::unique_ptr<std::uint8_t, decltype(&std::free)> upper{
      u8_toupper(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), nullptr, nullptr, nullptr, &n), &std::free};
    if (!upper)
      throw std::bad_alloc{};
    std::memcpy(room_for(n), upper.get(), n);
    size_ += n;
  }

  payload finish() {
    (void)room_for(0);
    std::vector<std::byte> length;
    bare::append_uint(length, size_ - length_size);
    auto offset = length_size - length.size();
    std::copy(length.begin(), length.end(), block_.get() + offset);
    return payload{std::move(block_), capacity_, offset, size_ - offset};
  }

  bool begun_ = false;
  std::string_view text_; ///< inside the message
  std::size_t done_ = 0;  ///< of it
  std::unique_ptr<std::byte[]> block_;
  std::size_t size_ = length_size;
  std::size_t capacity_ = 0;
};

} // namespace

void uppercase::on_message(message_ptr m) {
  conversion convert;
  if (m->bytes().size() > at_once || is_computing_for(*m))
    return compute_reply(std::move(m), std::move(convert));
  auto body = *convert(*m);
  if (body)
    reply_from_budget(std::move(m), std::move(*body));
  else
    drop(std::move(m), drop_reason::service_error, body.error().cause);
}

} // namespace ockam
