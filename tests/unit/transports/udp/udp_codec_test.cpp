// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_codec.hpp"

#include "unit/transports/udp/udp_captures.hpp"

#include <gtest/gtest.h>

#include <array>

namespace ockam {
namespace {

std::optional<udp_codec::slice> decode(const std::string& datagram) {
  return udp_codec::decode(std::as_bytes(std::span{datagram}));
}

std::string encode(const udp_codec::slice& s) {
  std::array<std::byte, udp_codec::max_head> head;
  auto n = udp_codec::write_head(head.data(), s.number, s.offset, s.total, s.bytes.size());
  std::string out{reinterpret_cast<const char*>(head.data()), n};
  return out.append(reinterpret_cast<const char*>(s.bytes.data()), s.bytes.size());
}

TEST(udp_codec, what_real_nodes_send_decodes_and_encodes_to_the_same_bytes) {
  std::size_t seen = 0;
  for (const auto& c : udp_captures())
    for (const auto& datagram : c.answers) {
      auto s = decode(datagram);
      if (!s) { // the empty slice that ends a message of a multiple of the slice size
        EXPECT_EQ(static_cast<unsigned char>(datagram.back()), 0x40) << c.name;
        continue;
      }
      EXPECT_EQ(encode(*s), datagram) << c.name;
      ++seen;
    }
  EXPECT_GT(seen, 20u);
}

TEST(udp_codec, the_longest_head) {
  std::array<std::byte, udp_codec::max_head> head;
  auto n = udp_codec::write_head(head.data(), 0xffff, 0xfffe, 0xffff, 493);
  EXPECT_EQ(n + 493, 507u); // the reference allows one more, for a version that takes two bytes
  EXPECT_LE(n, udp_codec::max_head);
}

TEST(udp_codec, is_as_generous_as_the_reference) {
  const std::string plain = unhex("8501186500014178");
  for (const auto& text : {
         "8518091865000141 78",       // version 9 in two bytes
         "9f0118650001 4178 ff",      // an indefinite array
         "8519000119006519000019000158 0178", // long integers
         "86011865000141 78 f6",      // a sixth element
         "8501186500014178 abcdef",   // bytes behind the item
       }) {
    std::string hex{text};
    std::erase(hex, ' ');
    auto s = decode(unhex(hex));
    ASSERT_TRUE(s) << text;
    EXPECT_EQ(s->number, 101);
    EXPECT_EQ(s->offset, 0);
    EXPECT_EQ(s->total, 1);
    EXPECT_EQ(s->bytes.size(), 1u);
  }
  EXPECT_TRUE(decode(plain));
}

TEST(udp_codec, refuses_what_lies) {
  for (auto text : {
         "",
         "84011865000141",          // four elements
         "8501186500014278",        // a slice longer than the datagram
         "85011865000140",          // an empty slice
         "8501186500004178",        // total 0
         "8501186501014178",        // offset = total
         "850118651a000100000141 78", // an offset of 32 bits
         "851901001865000141 78",   // a version beyond a byte
         "8501186500015f4178ff",    // an indefinite byte string
         "8501186500016178",        // text
         "9f01186500014178",        // no end
         "8601186500014178",        // a sixth element that is not there
         "85011865003b00014178",
       }) {
    std::string hex{text};
    std::erase(hex, ' ');
    EXPECT_FALSE(decode(unhex(hex))) << text;
  }
}

TEST(udp_codec, every_cut_of_a_datagram_is_refused) {
  auto whole = unhex("850118650001581983818200446563686f8182004570726f6265460568656c6c6f");
  ASSERT_TRUE(decode(whole));
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_FALSE(decode(whole.substr(0, n))) << n;
}

TEST(udp_codec, a_message_that_fills_its_slices_has_no_empty_one_behind) {
  EXPECT_EQ(udp_codec::slice_bytes(508), 493u);
  EXPECT_EQ(udp_codec::slice_count(1, 508), 1u);
  EXPECT_EQ(udp_codec::slice_count(493, 508), 1u);
  EXPECT_EQ(udp_codec::slice_count(494, 508), 2u);
  EXPECT_EQ(udp_codec::slice_count(986, 508), 2u);
}

} // namespace
} // namespace ockam
