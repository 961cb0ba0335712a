// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_reassembly.hpp"

#include "transports/codec/message_codec.hpp"
#include "unit/transports/udp/udp_captures.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace ockam {
namespace {

using namespace std::chrono_literals;

class udp_reassembly_test : public testing::Test {
 protected:
  udp_reassembly_test() { make({}); }
  ~udp_reassembly_test() override { tested_.reset(); }

  void make(udp_reassembly::bounds b) { tested_ = std::make_unique<udp_reassembly>(b, *ledger_); }

  udp_reassembly& tested() { return *tested_; }

  static ip_endpoint peer(std::uint32_t n) {
    ip_endpoint e;
    e.ip = {10, static_cast<std::uint8_t>(n >> 16), static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
    e.port = 1000;
    return e;
  }

  /// The message that this slice completes, `bad` in words, or nothing.
  std::string take(std::uint16_t number, std::uint16_t offset, std::uint16_t total, std::string_view bytes,
                   std::uint32_t from = 1) {
    auto out = tested_->take(peer(from), {number, offset, total, std::as_bytes(std::span{bytes})}, now_);
    if (out.bad)
      return std::string{to_string(*out.bad)};
    return {reinterpret_cast<const char*>(out.message.data()), out.message.size()};
  }

  memory memory_{1u << 30};
  ledger::owner ledger_ = ledger::make(memory_, 1u << 30, nullptr);
  udp_reassembly::clock::time_point now_{1h};
  std::unique_ptr<udp_reassembly> tested_;
};

TEST_F(udp_reassembly_test, one_slice_is_the_message) {
  EXPECT_EQ(take(7, 0, 1, "hello"), "hello");
  EXPECT_EQ(tested().bytes(), 0u);
  EXPECT_EQ(tested().peers(), 1u);
}

TEST_F(udp_reassembly_test, any_order_gives_the_same_message) {
  std::vector<std::pair<std::uint16_t, std::string>> slices{{0, "aaa"}, {1, "bbb"}, {2, "ccc"}, {3, "d"}};
  std::uint16_t number = 0;
  do {
    for (std::size_t i = 0; i < slices.size(); ++i)
      EXPECT_EQ(take(number, slices[i].first, 4, slices[i].second), i == 3 ? "aaabbbcccd" : "");
    ++number;
  } while (std::next_permutation(slices.begin(), slices.end()));
  EXPECT_EQ(number, 24);
  EXPECT_EQ(tested().bytes(), 0u);
  EXPECT_EQ(memory_.used(), 0u);
  EXPECT_EQ(tested().take_lost(), 0u);
}

TEST_F(udp_reassembly_test, the_last_slice_may_be_the_longest) {
  EXPECT_EQ(take(1, 0, 2, "a"), "");
  EXPECT_EQ(take(1, 1, 2, "a long end"), "aa long end");
  EXPECT_EQ(take(2, 1, 2, "a long end"), "");
  EXPECT_EQ(take(2, 0, 2, "b"), "ba long end");
}

TEST_F(udp_reassembly_test, a_message_of_the_largest_number_of_slices) {
  std::mt19937 random{1};
  for (bool shuffled : {false, true}) {
    std::vector<std::uint16_t> order(udp_codec::max_slices);
    for (std::size_t i = 0; i < order.size(); ++i)
      order[i] = static_cast<std::uint16_t>(i);
    if (shuffled)
      std::shuffle(order.begin(), order.end(), random);
    std::string whole(order.size() * 3, 0);
    for (std::size_t i = 0; i < whole.size(); ++i)
      whole[i] = static_cast<char>(i * 31 + i / 251);
    std::string got;
    for (auto o : order)
      got = take(shuffled, o, static_cast<std::uint16_t>(order.size()), std::string_view{whole}.substr(o * 3u, 3));
    EXPECT_TRUE(got == whole);
  }
}

TEST_F(udp_reassembly_test, a_duplicate_is_dropped_however_often_it_comes) {
  EXPECT_EQ(take(1, 0, 1, "x"), "x");
  // A real node delivers the third copy again; a message is to arrive at most once.
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(take(1, 0, 1, "x"), "stale-fragment");
  EXPECT_EQ(take(2, 0, 3, "aa"), "");
  EXPECT_EQ(take(2, 0, 3, "aa"), "stale-fragment");
  EXPECT_EQ(take(2, 2, 3, "c"), "");
  EXPECT_EQ(take(2, 2, 3, "c"), "stale-fragment");
  EXPECT_EQ(take(2, 1, 3, "bb"), "aabbc"); // the copies did no harm
}

TEST_F(udp_reassembly_test, a_slice_that_contradicts_ends_the_message) {
  struct { std::uint16_t total; std::string_view bytes; } lies[] = {{4, "bb"}, {2, "bb"}, {3, "bbb"}, {3, "b"}, {1, "b"}};
  std::uint16_t number = 0;
  for (auto [total, bytes] : lies) {
    EXPECT_EQ(take(number, 0, 3, "aa"), "");
    EXPECT_EQ(take(number, total == 1 ? 0 : 1, total, bytes), "bad-fragment") << total << bytes;
    EXPECT_EQ(take(number, 1, 3, "bb"), "stale-fragment");
    EXPECT_EQ(tested().take_lost(), 1u);
    EXPECT_EQ(tested().bytes(), 0u);
    ++number;
  }
}

// -- the window --------------------------------------------------------------------------------------

TEST_F(udp_reassembly_test, the_first_number_is_the_oldest_and_a_newer_one_moves_the_window) {
  EXPECT_EQ(take(100, 0, 2, "a"), "");
  EXPECT_EQ(take(99, 0, 1, "x"), "stale-fragment");
  for (std::uint16_t n = 101; n <= 104; ++n)
    EXPECT_EQ(take(n, 0, 1, "x"), "x");
  EXPECT_EQ(tested().take_lost(), 0u);
  EXPECT_EQ(take(105, 0, 1, "x"), "x"); // 100 falls out
  EXPECT_EQ(tested().take_lost(), 1u);
  EXPECT_EQ(take(100, 1, 2, "b"), "stale-fragment");
  EXPECT_EQ(take(105, 0, 1, "x"), "stale-fragment");
}

TEST_F(udp_reassembly_test, late_within_the_window_is_in_time) {
  EXPECT_EQ(take(10, 0, 1, "a"), "a");
  EXPECT_EQ(take(200, 0, 1, "b"), "b");
  for (std::uint16_t n = 196; n < 200; ++n)
    EXPECT_EQ(take(n, 0, 1, "c"), "c") << n;
  EXPECT_EQ(take(195, 0, 1, "d"), "stale-fragment");
}

TEST_F(udp_reassembly_test, numbers_wrap) {
  std::uint16_t n = 0xfff0;
  for (int i = 0; i < 40; ++i, ++n) {
    EXPECT_EQ(take(n, 1, 2, "b"), "");
    EXPECT_EQ(take(n, 0, 2, "a"), "ab") << n;
  }
  EXPECT_EQ(tested().take_lost(), 0u);
  EXPECT_EQ(take(0xfff0, 0, 1, "x"), "stale-fragment");
}

TEST_F(udp_reassembly_test, half_way_round_is_old) {
  EXPECT_EQ(take(0, 0, 1, "x"), "x");
  EXPECT_EQ(take(0x8000, 0, 1, "x"), "stale-fragment");
  EXPECT_EQ(take(0x7fff, 0, 1, "x"), "x");
}

TEST_F(udp_reassembly_test, a_peer_that_starts_again_is_heard_after_three_messages) {
  EXPECT_EQ(take(20'000, 0, 1, "x"), "x");
  EXPECT_EQ(take(500, 0, 2, "a"), "stale-fragment");
  EXPECT_EQ(take(500, 1, 2, "b"), "stale-fragment"); // the same message: no second stray
  EXPECT_EQ(take(510, 0, 1, "x"), "stale-fragment");
  EXPECT_EQ(take(511, 0, 1, "again"), "again");
  EXPECT_EQ(take(512, 0, 1, "on"), "on");
}

TEST_F(udp_reassembly_test, strays_between_messages_that_are_in_order_change_nothing) {
  for (std::uint16_t i = 0; i < 20; ++i) {
    EXPECT_EQ(take(static_cast<std::uint16_t>(20'000 + i), 0, 1, "x"), "x");
    EXPECT_EQ(take(static_cast<std::uint16_t>(100 + i), 0, 1, "y"), "stale-fragment");
  }
  // Late ones are no strays, however many.
  for (std::uint16_t i = 0; i < 60; ++i)
    EXPECT_EQ(take(static_cast<std::uint16_t>(19'940 + i), 0, 1, "y"), "stale-fragment");
}

// -- bounds ------------------------------------------------------------------------------------------

TEST_F(udp_reassembly_test, what_was_announced_takes_no_memory) {
  EXPECT_EQ(take(1, 0, 34'000, std::string(493, 'x')), "");
  EXPECT_LT(tested().bytes(), 4096u);
  EXPECT_EQ(memory_.used(), tested().bytes());
}

TEST_F(udp_reassembly_test, a_message_over_the_limit_is_refused_when_that_is_known) {
  EXPECT_EQ(take(1, 0, 65'535, std::string(493, 'x')), "frame-too-large");
  EXPECT_EQ(take(2, 65'534, 65'535, std::string(493, 'x')), "");
  EXPECT_EQ(take(2, 3, 65'535, std::string(493, 'x')), "frame-too-large");
  make({.message = 1000});
  EXPECT_EQ(take(1, 0, 1, std::string(1001, 'x')), "frame-too-large");
  EXPECT_EQ(take(2, 0, 1, std::string(1000, 'x')), std::string(1000, 'x'));
  EXPECT_EQ(take(3, 0, 2, std::string(600, 'x')), "");
  EXPECT_EQ(take(3, 1, 2, std::string(401, 'x')), "frame-too-large");
  EXPECT_EQ(tested().bytes(), 0u);
}

TEST_F(udp_reassembly_test, of_a_message_over_the_limit_the_ends_are_handed_out_in_any_order) {
  constexpr std::uint16_t total = 300;
  std::string slice(100, 'x');
  auto bytes = [&](std::uint16_t offset) { return offset == 0 ? "first" + slice.substr(5) : offset == total - 1 ? std::string{"the end"} : slice; };
  std::vector<std::uint16_t> forward(total);
  for (std::uint16_t i = 0; i < total; ++i)
    forward[i] = i;
  auto last_first = forward, shuffled = forward;
  std::rotate(last_first.begin(), last_first.end() - 1, last_first.end());
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937{3});
  make({.message = 20'000});
  std::uint16_t number = 0;
  for (const auto& order : {forward, last_first, shuffled}) {
    int refused = 0, passed = 0;
    for (auto offset : order) {
      auto text = bytes(offset);
      auto out = tested().take(peer(1), {number, offset, total, std::as_bytes(std::span{text})}, now_);
      EXPECT_TRUE(out.message.empty());
      if (out.bad && *out.bad != refusal::stale_fragment)
        ++refused;
      if (!out.passed)
        continue;
      ++passed;
      auto text_of = [](const std::vector<std::byte>& v) { return std::string{reinterpret_cast<const char*>(v.data()), v.size()}; };
      EXPECT_EQ(text_of(out.passed->first).substr(0, 6), "firstx");
      EXPECT_GE(out.passed->first.size(), edge_bytes);
      EXPECT_TRUE(text_of(out.passed->last).ends_with("xthe end"));
      EXPECT_GE(out.passed->last.size(), edge_bytes);
      EXPECT_EQ(out.passed->length, 299u * 100 + 7);
    }
    EXPECT_EQ(refused, 1);
    EXPECT_EQ(passed, 1);
    EXPECT_EQ(memory_.used(), 0u);
    EXPECT_EQ(tested().bytes(), 0u);
    ++number;
  }
  EXPECT_EQ(tested().take_lost(), 0u) << "each is refused, and not lost as well";
}

TEST_F(udp_reassembly_test, a_message_over_the_limit_that_does_not_end_is_given_up_in_time) {
  EXPECT_EQ(take(1, 0, 65'535, std::string(493, 'x')), "frame-too-large");
  for (std::uint16_t i = 1; i < 1000; ++i)
    EXPECT_EQ(take(1, i, 65'535, std::string(493, 'x')), "");
  EXPECT_LT(tested().bytes(), 3 * edge_bytes) << "what passes by takes no memory";
  EXPECT_EQ(take(1, 5, 65'535, std::string(493, 'x')), "") << "a copy";
  EXPECT_EQ(take(1, 1000, 65'535, "xy"), "bad-fragment");
  EXPECT_EQ(memory_.used(), 0u);
  EXPECT_EQ(take(2, 0, 65'535, std::string(493, 'x')), "frame-too-large");
  EXPECT_EQ(take(2, 1, 65'534, std::string(493, 'x')), "bad-fragment");
  EXPECT_EQ(take(3, 0, 65'535, std::string(493, 'x')), "frame-too-large");
  now_ += udp_reassembly::bounds{}.slice_timeout;
  tested().sweep(now_);
  EXPECT_EQ(memory_.used(), 0u);
  EXPECT_EQ(take(3, 1, 65'535, std::string(493, 'x')), "stale-fragment");
  EXPECT_EQ(tested().take_lost(), 0u);
}

TEST_F(udp_reassembly_test, a_message_over_the_limit_in_one_or_two_slices) {
  make({.message = 1000});
  auto ends = [&](std::uint16_t number, std::uint16_t offset, std::uint16_t total, const std::string& text) {
    auto out = tested().take(peer(1), {number, offset, total, std::as_bytes(std::span{text})}, now_);
    if (!out.passed)
      return std::string{"none"};
    EXPECT_EQ(out.passed->length, 1001u);
    EXPECT_EQ(out.passed->first, out.passed->last);
    return std::string{reinterpret_cast<const char*>(out.passed->first.data()), out.passed->first.size()};
  };
  std::string a(600, 'a'), b(401, 'b');
  EXPECT_EQ(ends(1, 0, 1, a + b), a + b);
  EXPECT_EQ(ends(2, 0, 2, a), "none");
  EXPECT_EQ(ends(2, 1, 2, b), a + b);
  EXPECT_EQ(ends(3, 1, 2, b), "none");
  EXPECT_EQ(ends(3, 0, 2, a), a + b);
  EXPECT_EQ(memory_.used(), 0u);
  EXPECT_TRUE(tested().heard_from(peer(1))) << "it may be told";
}

TEST_F(udp_reassembly_test, ten_thousand_sources_stay_within_the_bounds) {
  udp_reassembly::bounds b{.message = 64u << 10, .bytes = 256u << 10, .peers = 100};
  make(b);
  std::string slice(493, 'x');
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    EXPECT_EQ(take(static_cast<std::uint16_t>(i), 0, 100, slice, i), "");
    EXPECT_LE(tested().peers(), b.peers);
    EXPECT_LE(tested().bytes(), b.bytes);
    EXPECT_EQ(tested().bytes(), memory_.used());
  }
  EXPECT_EQ(tested().take_lost(), 10'000u - 100u);
}

TEST_F(udp_reassembly_test, a_flood_of_single_slices_does_not_displace_a_message_that_comes_in) {
  make({.message = 64u << 10, .bytes = 256u << 10, .peers = 1000});
  std::string slice(400, 'x');
  std::uint32_t source = 10;
  for (std::uint16_t i = 0; i < 99; ++i) {
    EXPECT_EQ(take(5, i, 100, slice), "");
    for (int k = 0; k < 50; ++k, ++source)
      EXPECT_EQ(take(7, 0, 100, slice, source), "");
  }
  EXPECT_EQ(take(5, 99, 100, "end").size(), 99 * slice.size() + 3);
  EXPECT_GT(tested().take_lost(), 0u);
}

/// The flood is of the same kind, from the same host: only what each has shown so far tells them apart.
TEST_F(udp_reassembly_test, a_flood_from_other_ports_neither_ends_a_message_nor_lets_a_copy_in) {
  auto flood = [&](std::uint32_t round) {
    for (std::uint16_t port = 2000; port < 12'000; ++port) {
      auto from = peer(1);
      from.port = port;
      auto number = static_cast<std::uint16_t>(round);
      (void)tested().take(from, {number, 0, 2, std::as_bytes(std::span{"z", 1})}, now_);
    }
  };
  EXPECT_EQ(take(1, 0, 1, "one"), "one");
  EXPECT_EQ(take(2, 0, 1, "two"), "two");
  EXPECT_EQ(take(3, 0, 2, "thr"), "");
  for (std::uint32_t round = 0; round < 3; ++round) {
    flood(round);
    EXPECT_LE(tested().peers(), udp_reassembly::bounds{}.peers);
    EXPECT_EQ(take(1, 0, 1, "one"), "stale-fragment");
    EXPECT_EQ(take(2, 0, 1, "two"), "stale-fragment");
  }
  EXPECT_EQ(take(3, 1, 2, "ee"), "three");
}

TEST_F(udp_reassembly_test, a_thousand_other_ports_do_not_end_the_first_message_of_a_peer) {
  EXPECT_EQ(take(1, 0, 2, "fi"), "");
  for (std::uint32_t other = 2; other < 1'102; ++other)
    EXPECT_EQ(take(1, 0, 2, "z", other), "");
  EXPECT_EQ(take(1, 1, 2, "rst"), "first");
  EXPECT_TRUE(tested().heard_from(peer(1)));
  EXPECT_FALSE(tested().heard_from(peer(2))) << "a slice is no message";
  EXPECT_FALSE(tested().heard_from(peer(77'000)));
}

TEST_F(udp_reassembly_test, one_peer_does_not_displace_all_others) {
  make({.message = 8u << 10, .bytes = 256u << 10});
  std::string slice(400, 'x');
  EXPECT_EQ(take(1, 0, 2, slice, 2), "");
  for (std::uint16_t n = 0; n < 5; ++n)
    for (std::uint16_t i = 0; i < 19; ++i)
      (void)take(n, i, 20, slice, 1);
  EXPECT_LE(tested().bytes(), 3 * (8u << 10)); // twice a message, and what the other has
  EXPECT_EQ(take(1, 1, 2, "end", 2), slice + "end");
}

TEST_F(udp_reassembly_test, without_any_room_a_message_is_refused) {
  make({.message = 64u << 10, .bytes = 100});
  EXPECT_EQ(take(1, 0, 3, std::string(400, 'x')), "over-budget");
  EXPECT_EQ(tested().bytes(), 0u);
  EXPECT_EQ(take(2, 0, 1, "x"), "x");
}

TEST_F(udp_reassembly_test, what_stands_still_is_given_up_in_time) {
  EXPECT_EQ(take(1, 0, 3, "a"), "");
  now_ += 9s;
  EXPECT_EQ(take(2, 0, 3, "a"), "");
  EXPECT_EQ(take(1, 1, 3, "b"), "");
  now_ += 9s;
  tested().sweep(now_);
  EXPECT_EQ(tested().take_lost(), 0u);
  now_ += 1s;
  tested().sweep(now_);
  EXPECT_EQ(tested().take_lost(), 2u);
  EXPECT_EQ(memory_.used(), 0u);
  EXPECT_EQ(take(1, 2, 3, "c"), "stale-fragment");
  EXPECT_EQ(tested().peers(), 1u);
  now_ += 300s;
  tested().sweep(now_);
  EXPECT_EQ(tested().peers(), 0u);
}

TEST_F(udp_reassembly_test, the_end_returns_all_memory) {
  for (std::uint32_t i = 0; i < 100; ++i)
    (void)take(1, 0, 3, "aaa", i);
  EXPECT_GT(memory_.used(), 0u);
  tested_.reset();
  EXPECT_EQ(memory_.used(), 0u);
}

// -- against the reference, and against a model ------------------------------------------------------

TEST_F(udp_reassembly_test, the_verdicts_of_a_real_node) {
  for (const auto& c : udp_captures()) {
    std::size_t messages = 0;
    for (const auto& datagram : c.sent)
      if (auto s = udp_codec::decode(std::as_bytes(std::span{datagram}))) {
        auto out = tested().take(peer(c.name.starts_with("udp ") ? 2 : 1), *s, now_);
        messages += !out.message.empty();
        if (c.name == "two slices out of order" && !out.message.empty()) {
          EXPECT_EQ(std::string(reinterpret_cast<const char*>(out.message.data()), out.message.size()),
                    unhex("83818200446563686f8182004570726f6265460568656c6c6f"));
        }
      }
    // Two that reach a node and are answered by nobody; and the copy that ours does not deliver again.
    bool no_answer = c.name == "empty onward" || c.name == "unknown worker";
    bool third_copy = c.name == "same routing number, third copy";
    EXPECT_EQ(messages, no_answer ? 1u : third_copy ? 0u : c.replies > 0) << c.name;
  }
}

/// Peers send messages whose slices are shuffled over a short distance, doubled and lost. What comes out
/// must be a message that was sent, once; all memory comes back.
TEST_F(udp_reassembly_test, random_networks) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::mt19937 random{seed};
    auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random); };
    make({.message = 4096, .bytes = 16u << 10, .peers = 4});
    struct sent_slice { std::uint32_t from; std::uint16_t number, offset, total; std::string bytes; };
    std::vector<sent_slice> wire;
    std::map<std::pair<std::uint32_t, std::uint16_t>, std::string> messages;
    for (std::uint16_t n = 0; n < 200; ++n)
      for (std::uint32_t from = 0; from < 4; ++from) {
        auto number = static_cast<std::uint16_t>(65'500 + n);
        std::string m(1 + below(300), static_cast<char>('a' + below(26)));
        for (auto& b : m)
          b = static_cast<char>(b + static_cast<char>(below(3)));
        auto total = static_cast<std::uint16_t>((m.size() + 39) / 40);
        for (std::uint16_t i = 0; i < total; ++i)
          if (below(100) > 0)
            for (std::size_t copies = below(20) == 0 ? 2 : 1; copies > 0; --copies)
              wire.push_back({from, number, i, total, m.substr(i * 40u, 40)});
        messages[{from, number}] = std::move(m);
      }
    for (std::size_t i = 0; i + 12 < wire.size(); ++i)
      std::swap(wire[i], wire[i + below(12)]);
    std::size_t whole = 0;
    for (const auto& s : wire) {
      auto out = tested().take(peer(s.from), {s.number, s.offset, s.total, std::as_bytes(std::span{s.bytes})}, now_);
      if (out.message.empty())
        continue;
      auto sent = messages.extract(std::pair{s.from, s.number});
      ASSERT_FALSE(sent.empty()) << "twice, seed " << seed;
      EXPECT_EQ(std::string(reinterpret_cast<const char*>(out.message.data()), out.message.size()), sent.mapped());
      ++whole;
    }
    EXPECT_GT(whole, 300u) << seed;
    tested_.reset();
    EXPECT_EQ(memory_.used(), 0u);
  }
}

} // namespace
} // namespace ockam
