// SPDX-License-Identifier: Apache-2.0
// CBOR, BARE, hex and UTF-8: what is read, what is refused, and that a value comes back as it was written.
#include "runtime/core/bare.hpp"
#include "runtime/core/cbor.hpp"
#include "runtime/core/hex.hpp"
#include "runtime/core/utf8.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ockam {
namespace {

std::vector<std::byte> hex(std::string_view text) {
  auto b = parse_hex(text);
  EXPECT_TRUE(b) << text;
  return b ? *b : std::vector<std::byte>{};
}

bool skips(std::string_view text) {
  auto bytes = hex(text);
  cbor::reader r{bytes};
  return r.skip() && r.at_end();
}

constexpr std::uint64_t edges[] = {0, 1, 23, 24, 127, 128, 255, 256, 16383, 16384, 65535, 65536, 0xffffffff,
                                   0x100000000, std::numeric_limits<std::uint64_t>::max()};

TEST(cbor, heads_are_the_shortest_and_come_back) {
  for (auto v : edges) {
    std::array<std::byte, 9> out;
    auto* end = cbor::write_head(out.data(), cbor::major::uint, v);
    auto size = static_cast<std::size_t>(end - out.data());
    EXPECT_EQ(size, cbor::head_size(v));
    cbor::reader r{{out.data(), size}};
    EXPECT_EQ(r.read_uint(), v);
    EXPECT_TRUE(r.at_end());
    for (std::size_t cut = 0; cut < size; ++cut) {
      cbor::reader part{{out.data(), cut}};
      EXPECT_FALSE(part.read_uint()) << v << " cut at " << cut;
    }
  }
}

TEST(cbor, long_forms_are_read_reserved_ones_refused) {
  for (auto* text : {"1805", "190005", "1a00000005", "1b0000000000000005"}) {
    auto bytes = hex(text);
    EXPECT_EQ(cbor::reader{bytes}.read_uint(), 5u) << text;
  }
  for (auto* text : {"1c", "1d", "1e", "1f", "ff", ""}) {
    auto bytes = hex(text);
    EXPECT_FALSE(cbor::reader{bytes}.read_uint()) << text;
  }
}

TEST(cbor, strings_are_definite_and_within_the_input) {
  auto good = hex("4361626364");
  cbor::reader r{good};
  auto b = r.read_bytes();
  ASSERT_TRUE(b);
  EXPECT_EQ(to_hex(*b), "616263");
  EXPECT_EQ(b->data(), good.data() + 1) << "not copied";
  EXPECT_EQ(r.remaining(), 1u);
  for (auto* text : {"436162", "5f4161ff", "5bffffffffffffffff", "5a80000000", "6161"}) {
    auto bytes = hex(text);
    EXPECT_FALSE(cbor::reader{bytes}.read_bytes()) << text;
  }
  auto text = hex("6161");
  EXPECT_EQ(cbor::reader{text}.read_text(), "a");
}

TEST(cbor, an_arrays_length_is_bounded_by_what_follows) {
  auto two = hex("820102"), open = hex("9f01ff"), huge = hex("9affffffff0102"), map = hex("a101"), big = hex("bb8000000000000000");
  EXPECT_EQ(cbor::reader{two}.read_array(), 2u);
  EXPECT_EQ(cbor::reader{open}.read_array(), cbor::reader::indefinite);
  EXPECT_FALSE(cbor::reader{huge}.read_array());
  EXPECT_FALSE(cbor::reader{map}.read_map()) << "a pair takes two bytes";
  EXPECT_FALSE(cbor::reader{big}.read_map());
}

TEST(cbor, skips_any_whole_item) {
  for (auto* text : {"00", "20", "3903e7", "40", "43616263", "60", "80", "83010203", "9f0102ff", "a0", "a201020304",
                     "bf0102ff", "c074323031332d30332d32315432303a30343a30305a", "f4", "f6", "f7", "f0", "f818",
                     "f93c00", "fa47c35000", "fb7e37e43c8800759c", "d9d9f7820101", "8181818101"})
    EXPECT_TRUE(skips(text)) << text;
}

TEST(cbor, skips_nothing_that_is_malformed_or_too_deep) {
  for (auto* text : {"", "18", "43", "82", "8201", "9f", "9f01", "a1", "a101", "bf01ff01", "c0", "ff", "5f4161ff",
                     "7f6161ff", "1c", "fc", "f8", "fb00", "9affffffff", "82ff00"})
    EXPECT_FALSE(skips(text)) << text;
  std::string deep, open;
  for (int i = 0; i < cbor::reader::max_depth - 1; ++i) {
    deep += "81";
    open += "9f";
  }
  EXPECT_TRUE(skips(deep + "00"));
  EXPECT_FALSE(skips(deep + "8100"));
  EXPECT_FALSE(skips(open + "9f00"));
}

TEST(cbor, null) {
  auto bytes = hex("f5f6");
  cbor::reader r{bytes};
  EXPECT_FALSE(r.skip_null());
  EXPECT_TRUE(r.skip());
  EXPECT_TRUE(r.skip_null());
  EXPECT_FALSE(r.peek());
}

TEST(bare, numbers_come_back) {
  for (auto v : edges) {
    std::vector<std::byte> out;
    bare::append_uint(out, v);
    std::span<const std::byte> in{out};
    EXPECT_EQ(bare::read_uint(in), v);
    EXPECT_TRUE(in.empty());
    std::span<const std::byte> cut{out.data(), out.size() - 1};
    EXPECT_FALSE(bare::read_uint(cut));
  }
}

TEST(bare, numbers_over_ten_bytes_or_64_bits_are_refused_and_nothing_is_taken) {
  for (auto* text : {"ffffffffffffffffff02", "ffffffffffffffffffff01", "8080808080808080808000", "80", ""}) {
    auto bytes = hex(text);
    std::span<const std::byte> in{bytes};
    EXPECT_FALSE(bare::read_uint(in)) << text;
    EXPECT_EQ(in.size(), bytes.size());
  }
}

TEST(bare, strings) {
  auto hello = bare::encode_string("hello");
  EXPECT_EQ(to_hex(hello), "0568656c6c6f");
  EXPECT_EQ(bare::decode_string(hello), "hello");
  auto long_text = std::string(300, 'x');
  EXPECT_EQ(bare::decode_string(bare::encode_string(long_text)), long_text);
  EXPECT_EQ(bare::decode_string(hex("0568656c6c6f5859")), "hello") << "bytes behind it are ignored";
  for (auto* text : {"", "0568656c6c", "ff", "02fffe", "ffffffffffffffffff01"})
    EXPECT_FALSE(bare::decode_string(hex(text))) << text;
}

TEST(hex, both_ways_and_with_the_words_of_the_reference) {
  EXPECT_EQ(to_hex(hex("00aBff")), "00abff");
  auto odd = parse_hex("abc");
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().cause, "Odd number of digits");
  auto bad = parse_hex("0g");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().cause, "Invalid character 'g' at position 1");
}

TEST(utf8, well_formed_and_not) {
  for (std::string_view good : {"", "a", "grüße", "\u20ac", "\U0001f600", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (std::string_view bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                               "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "a\xc3(", "\xe2(\xa1"})
    EXPECT_FALSE(is_utf8(bad)) << bad.size();
}

} // namespace
} // namespace ockam
