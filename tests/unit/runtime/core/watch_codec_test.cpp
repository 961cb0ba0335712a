// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/watch_codec.hpp"

#include "runtime/core/hex.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ockam::watch {
namespace {

const std::string session(session_length, 's');

TEST(watch_codec, a_ping_is_what_it_was) {
  ping p{session, 3, 70'000, {{"echo", 0}, {{}, 69'999}, {std::string_view{"\0x", 2}, 0}}};
  auto bytes = encode(p);
  auto q = decode_ping(bytes.bytes());
  ASSERT_TRUE(q);
  EXPECT_EQ(q->session, session);
  EXPECT_EQ(q->seen, 3u);
  EXPECT_EQ(q->first, 70'000u);
  ASSERT_EQ(q->changes.size(), 3u);
  EXPECT_EQ(q->changes[0].name, "echo");
  EXPECT_EQ(q->changes[1].watch, 69'999u);
  EXPECT_EQ(q->changes[2].name.size(), 2u);
  EXPECT_FALSE(decode_pong(bytes.bytes()));
}

TEST(watch_codec, a_pong_is_what_it_was) {
  pong p{session, standing::stopping, 7, 2, {{5, reason::failed, "words"}, {6, reason::no_worker, {}}}};
  auto bytes = encode(p);
  auto q = decode_pong(bytes.bytes());
  ASSERT_TRUE(q);
  EXPECT_EQ(q->state, standing::stopping);
  EXPECT_EQ(q->done, 7u);
  EXPECT_EQ(q->first, 2u);
  ASSERT_EQ(q->downs.size(), 2u);
  EXPECT_EQ(q->downs[0].why, reason::failed);
  EXPECT_EQ(q->downs[0].words, "words");
  EXPECT_EQ(q->downs[1].watch, 6u);
  EXPECT_FALSE(decode_ping(bytes.bytes()));
}

TEST(watch_codec, words_are_cut_and_sizes_are_not_below_what_is_written) {
  std::string words(1'000, 'w');
  down d{1, reason::failed, std::string_view{words}.substr(0, most_words)};
  pong one{session, standing::known, 0, 1, {}}, more{session, standing::known, 0, 1, {{1, reason::failed, words}}};
  auto longer = encode(more).size() - encode(one).size();
  EXPECT_LE(longer, size_of(d));
  EXPECT_EQ(decode_pong(encode(more).bytes())->downs[0].words.size(), most_words);
}

TEST(watch_codec, what_is_cut_off_or_has_more_than_it_may_is_none) {
  auto whole = encode(ping{session, 1, 1, {{"echo", 0}}});
  auto head = encode(ping{session, 1, 1, {}});
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_EQ(decode_ping(whole.bytes().first(n)).has_value(), n == head.size()) << n;
  EXPECT_FALSE(decode_ping(encode(ping{session, 0, 0, {}}).bytes())) << "numbers begin at 1";
  EXPECT_FALSE(decode_ping(encode(ping{session.substr(1), 0, 1, {}}).bytes()));
  EXPECT_FALSE(decode_ping(encode(ping{session, 0, 1, {{{}, 0}}}).bytes()));
  std::string name(1'025, 'n');
  EXPECT_FALSE(decode_ping(encode(ping{session, 0, 1, {{name, 0}}}).bytes()));
  std::vector<change> many(most_bytes, {"n", 0});
  EXPECT_FALSE(decode_ping(encode(ping{session, 0, 1, many}).bytes()));
}

} // namespace
} // namespace ockam::watch
