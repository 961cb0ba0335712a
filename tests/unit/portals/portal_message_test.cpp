// SPDX-License-Identifier: Apache-2.0
#include "portals/portal_message.hpp"

#include "runtime/core/hex.hpp"
#include "support/test_data.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

namespace ockam::portal {
namespace {

using bytes = std::vector<std::byte>;

bytes unhex(const std::string& digits) {
  return *parse_hex(digits);
}

std::string hex(const payload& p) {
  return to_hex(p.bytes());
}

/// A line of tests/data/portal_captures.txt.
struct recorded {
  std::string kind;
  bytes said;
};

std::vector<recorded> captures() {
  std::ifstream in{test_data("portal_captures.txt")};
  std::vector<recorded> out;
  for (std::string line; std::getline(in, line);) {
    if (line[0] != '<' && line[0] != '>')
      continue;
    std::istringstream words{line.substr(2)};
    std::string kind, digits;
    words >> kind >> digits;
    out.push_back({kind, unhex(digits)});
  }
  return out;
}

std::string kind_of(const std::optional<message_view>& m) {
  constexpr std::array<std::string_view, 6> names{"Ping", "Pong", "Disconnect", "Payload", "Window", "End"};
  return m ? std::string{names[static_cast<std::size_t>(m->what)]} : "nothing";
}

TEST(portal_message, what_real_nodes_say_is_taken_for_what_they_take_it_for) {
  auto all = captures();
  EXPECT_GT(all.size(), 40u);
  for (const auto& c : all) {
    auto m = decode(c.said);
    EXPECT_EQ(kind_of(m), c.kind) << to_hex(c.said);
    if (m) {
      EXPECT_FALSE(m->greeting || m->goodbye) << to_hex(c.said);
    }
  }
}

TEST(portal_message, plain_tags_are_those_of_real_nodes) {
  EXPECT_EQ(hex(encode(tag::ping)), "00");
  EXPECT_EQ(hex(encode(tag::pong)), "01");
  EXPECT_EQ(hex(encode(tag::disconnect)), "02");
}

TEST(portal_message, bytes_come_with_a_counter_behind_them) {
  auto data = std::as_bytes(std::span{"hello", 5});
  EXPECT_EQ(hex(encode_copy(data, 0)), "030568656c6c6f010000");
  EXPECT_EQ(hex(encode_copy(data, 0x1234)), "030568656c6c6f013412");
  EXPECT_EQ(hex(encode_copy({}, 1)), "0300010100");
}

TEST(portal_message, bytes_leave_from_the_block_that_they_were_read_into) {
  for (std::size_t size : {1u, 127u, 128u, 200u, 16383u, 16384u, 131072u}) {
    auto capacity = head_room + most_data + tail_room;
    auto block = std::make_unique_for_overwrite<std::byte[]>(capacity);
    const auto* at = block.get();
    std::memset(block.get() + head_room, 'x', size);
    auto p = encode_in_place(std::move(block), capacity, size, 7);
    auto m = decode(p.bytes());
    ASSERT_TRUE(m) << size;
    EXPECT_EQ(m->data.size(), size);
    EXPECT_EQ(m->data.data(), at + head_room);
    EXPECT_EQ(m->counter, 7);
    std::string copy(size, 'x');
    EXPECT_EQ(hex(encode_copy(std::as_bytes(std::span{copy}), 7)), hex(p)) << size;
  }
}

TEST(portal_message, lengths_are_written_as_real_nodes_do) {
  std::string text(200, 'x');
  EXPECT_TRUE(hex(encode_copy(std::as_bytes(std::span{text}), 0)).starts_with("03c801"));
  text.resize(131072);
  EXPECT_TRUE(hex(encode_copy(std::as_bytes(std::span{text}), 0)).starts_with("03808008"));
}

TEST(portal_message, ends_of_this_implementation_say_hello) {
  auto m = decode(encode(tag::ping, hello{262144}).bytes());
  ASSERT_TRUE(m && m->greeting);
  EXPECT_EQ(m->what, tag::ping);
  EXPECT_EQ(m->greeting->window, 262144u);
  EXPECT_EQ(hex(encode(tag::pong, hello{1})), "016f2b0101");
}

TEST(portal_message, a_goodbye_says_why) {
  auto p = encode(farewell{end_reason::unreachable, "Connection refused"});
  auto m = decode(p.bytes());
  ASSERT_TRUE(m && m->goodbye);
  EXPECT_EQ(m->goodbye->why, end_reason::unreachable);
  EXPECT_EQ(m->goodbye->text, "Connection refused");
  EXPECT_TRUE(hex(p).starts_with("026f2b0102"));
}

TEST(portal_message, a_goodbye_has_so_many_words_and_no_more) {
  std::string text(1000, 'x');
  auto p = encode(farewell{end_reason::broken, text});
  EXPECT_EQ(decode(p.bytes())->goodbye->text.size(), farewell::most_text);
}

TEST(portal_message, what_is_cut_off_anywhere_is_nothing_or_less) {
  for (const auto& whole : {encode(tag::window, 1u << 20), encode(tag::end, 300), encode_copy(std::as_bytes(std::span{"hello", 5}), 3)}) {
    auto all = whole.bytes();
    for (std::size_t n = 0; n < all.size(); ++n)
      if (auto m = decode(all.first(n))) {
        EXPECT_EQ(m->what, tag::payload); // without its counter
        EXPECT_FALSE(m->counter);
      }
  }
}

TEST(portal_message, other_bytes_behind_a_tag_are_no_hello_and_no_goodbye) {
  for (const auto* text : {"0055", "006f2b02ff", "006f2b01", "016f2c0101", "026f2b01", "026f2b01ff00", "0101"}) {
    auto m = decode(unhex(text));
    ASSERT_TRUE(m) << text;
    EXPECT_FALSE(m->greeting || m->goodbye) << text;
  }
}

TEST(portal_message, three_bytes_that_do_not_begin_with_1_are_no_counter) {
  EXPECT_FALSE(decode(unhex("030161000000"))->counter);
  EXPECT_FALSE(decode(unhex("0301610100"))->counter);
  EXPECT_EQ(decode(unhex("030161010500ffff"))->counter, 5);
}

} // namespace
} // namespace ockam::portal
