// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/address.hpp"

#include "runtime/core/hex.hpp"
#include "runtime/core/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <span>
#include <sys/random.h>

namespace ockam {

namespace {

/// Random bytes of one thread, fetched from the kernel 4 KiB at a time: a link address costs no call.
class random_pool {
 public:
  std::span<const std::byte> take(std::size_t n) {
    if (bytes_.size() - used_ < n)
      refill();
    auto out = std::span{bytes_}.subspan(used_, n);
    used_ += n;
    return out;
  }

 private:
  void refill() {
    for (std::size_t filled = 0; filled < bytes_.size();) {
      auto n = ::getrandom(bytes_.data() + filled, bytes_.size() - filled, 0);
      if (n > 0)
        filled += static_cast<std::size_t>(n);
      else if (errno != EINTR)
        std::abort(); // addresses must not be guessable: no node without randomness
    }
    used_ = 0;
  }

  std::array<std::byte, 4096> bytes_;
  std::size_t used_ = 4096;
};

} // namespace

std::string printable(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < bytes.size();) {
    auto c = static_cast<unsigned char>(bytes[i]);
    std::size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    auto piece = bytes.substr(i, length);
    // C1 controls (U+0080 to U+009F) drive terminals as C0 ones do.
    bool control = c < 0x20 || c == 0x7f
                   || (c == 0xc2 && piece.size() == 2 && static_cast<unsigned char>(piece[1]) < 0xa0);
    if (!control && piece.size() == length && is_utf8(piece)) {
      out.append(piece);
      i += length;
    } else {
      out.append("\\x");
      out.push_back(digits[c >> 4]);
      out.push_back(digits[c & 15]);
      ++i;
    }
  }
  return out;
}

std::string to_string(address_view a) {
  return std::to_string(static_cast<int>(a.type)) + "#" + printable(a.name);
}

result<address> parse_address(std::string_view text) {
  auto invalid = [&](const std::string& why) {
    return error{errc::invalid_address, "\"" + printable(text) + "\" is not an address: " + why, "for example echo, or 0#echo"};
  };
  auto hash = text.find('#');
  auto name = hash == std::string_view::npos ? text : text.substr(hash + 1);
  unsigned type = 0;
  if (hash != std::string_view::npos) {
    auto digits = text.substr(0, hash);
    auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), type);
    if (ec != std::errc{} || end != digits.data() + digits.size() || type > 255)
      return invalid("its type is not a number from 0 to 255");
    if (name.find('#') != std::string_view::npos)
      return invalid("it has more than one #");
  }
  if (name.size() > max_name_length)
    return invalid("its name is over " + std::to_string(max_name_length) + " bytes");
  return address{static_cast<transport_type>(type), std::string{name}};
}

std::array<std::byte, 16> random_128() {
  thread_local random_pool pool;
  std::array<std::byte, 16> out;
  std::ranges::copy(pool.take(out.size()), out.begin());
  return out;
}

std::string random_hex_128() {
  return to_hex(random_128());
}

address random_address() {
  return address{random_hex_128()};
}

} // namespace ockam
