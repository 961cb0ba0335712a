// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/frame_reader.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {
namespace {

constexpr std::size_t max_frame = 16u << 20;

std::string length_field(std::size_t n) {
  std::string out(stream_codec::length_bytes, '\0');
  stream_codec::write_length(reinterpret_cast<std::byte*>(out.data()), n);
  return out;
}
std::string framed(std::string_view body) {
  return length_field(body.size()).append(body);
}

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct frame_reader_test : ::testing::Test {
  /// Reads as a link does: up to `most` bytes at a time, all frames of each read. What was read.
  std::size_t read(std::string_view bytes, std::size_t most = 1u << 20) {
    std::size_t done = 0;
    while (done < bytes.size() && !reader.too_large()) {
      auto got = fill(bytes.substr(done, most));
      while (auto f = reader.next()) {
        if (f->passed_by > 0) {
          passed.push_back({f->passed_by, text(f->body), text(f->end)});
          continue;
        }
        own_memory.push_back(f->memory != nullptr);
        bodies.emplace_back(reinterpret_cast<const char*>(f->body.data()), f->body.size());
      }
      done += got;
    }
    return done;
  }
  std::size_t fill(std::string_view bytes) {
    std::size_t moved = 0;
    if (!reader.prepare(now))
      throw std::logic_error{"no memory"};
    for (const auto& v : reader.room({scratch.data(), scratch.size()}, spare)) {
      auto n = std::min(v.iov_len, bytes.size() - moved);
      std::memcpy(v.iov_base, bytes.data() + moved, n);
      moved += n;
    }
    reader.filled(moved, now);
    return moved;
  }

  memory budget{64u << 20};
  switchboard board{"n1"};
  frame_pool pool{budget, max_frame, board};
  struct owner_of_memory final : frame_pool::waiter {
    int told = 0;
    void frame_memory_available() override { ++told; }
  } owner;
  frame_pool::share share{{pool}, "10.0.0.1:5", owner};
  std::vector<std::byte> scratch = std::vector<std::byte>(4096);
  frame_reader::clock::time_point now{std::chrono::hours{1}};
  frame_reader reader{share, max_frame};
  spare_block block;
  spare_block* spare = nullptr;
  std::vector<std::string> bodies;
  std::vector<bool> own_memory;
  struct passing {
    std::size_t length;
    std::string first, last;
  };
  std::vector<passing> passed;
};

TEST_F(frame_reader_test, reads_whole_frames_where_they_lie) {
  read(framed("one") + framed("") + framed("three"));
  EXPECT_EQ(bodies, (std::vector<std::string>{"one", "", "three"}));
  EXPECT_EQ(own_memory, (std::vector<bool>{false, false, false}));
  EXPECT_FALSE(reader.in_frame());
  EXPECT_EQ(share.bytes(), 0u);
}

TEST_F(frame_reader_test, reads_byte_by_byte) {
  std::vector<std::string> sent{"one", "", std::string(300, 'x'), "4"};
  std::string stream;
  for (const auto& s : sent)
    stream += framed(s);
  read(stream, 1);
  EXPECT_EQ(bodies, sent);
  EXPECT_EQ(share.bytes(), 0u);
}

TEST_F(frame_reader_test, reads_any_frames_in_any_pieces) {
  std::mt19937_64 random{4};
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> sent;
    std::string stream;
    for (int i = 0; i < 20; ++i) {
      sent.emplace_back(random() % (i % 5 == 0 ? 20'000 : 40), static_cast<char>('a' + i));
      stream += framed(sent.back());
    }
    bodies.clear();
    for (std::size_t at = 0; at < stream.size();)
      at += read(std::string_view{stream}.substr(at, 1 + random() % 5000), 1 + random() % 5000);
    ASSERT_EQ(bodies, sent);
    ASSERT_EQ(share.bytes(), 0u);
  }
}

TEST_F(frame_reader_test, the_largest_frame_is_read_and_no_larger_one) {
  std::string body(max_frame, 'x');
  read(framed(body));
  ASSERT_EQ(bodies.size(), 1u);
  EXPECT_TRUE(bodies.front() == body);
  EXPECT_TRUE(own_memory.front());
  EXPECT_FALSE(reader.too_large());
  read(framed("fine") + length_field(frame_reader::most_passed_by + 1) + "and much more");
  EXPECT_EQ(bodies.back(), "fine");
  EXPECT_EQ(reader.too_large(), frame_reader::most_passed_by + 1);
  EXPECT_EQ(share.bytes(), 0u);
}

TEST_F(frame_reader_test, a_frame_over_the_limit_passes_by_and_its_edges_are_kept) {
  std::mt19937 random{23};
  reader = frame_reader{share, 1000};
  for (std::size_t size : {std::size_t{1001}, edge_bytes - 1, edge_bytes, edge_bytes + 1, 2 * edge_bytes, std::size_t{100'000}, std::size_t{1'000'003}}) {
    std::string body(size, '\0');
    for (auto& c : body)
      c = static_cast<char>(random());
    for (std::size_t most : {std::size_t{1}, std::size_t{3}, std::size_t{997}, std::size_t{5000}, std::size_t{1u << 20}}) {
      if (most < 100 && size > 10'000)
        continue;
      passed.clear();
      bodies.clear();
      read(framed("before") + framed(body) + framed("behind"), most);
      ASSERT_EQ(bodies, (std::vector<std::string>{"before", "behind"})) << size << " by " << most;
      ASSERT_EQ(passed.size(), 1u);
      EXPECT_EQ(passed[0].length, size);
      EXPECT_TRUE(passed[0].first == body.substr(0, edge_bytes));
      EXPECT_TRUE(passed[0].last == body.substr(size - std::min(size, edge_bytes)));
      EXPECT_EQ(share.bytes(), 0u);
      EXPECT_FALSE(reader.in_frame());
    }
  }
}

TEST_F(frame_reader_test, a_frame_that_passes_by_takes_the_memory_of_its_edges_and_no_more) {
  reader = frame_reader{share, 1000};
  read(length_field(frame_reader::most_passed_by));
  std::string much(1u << 20, 'x');
  for (int i = 0; i < 10; ++i) {
    read(much);
    EXPECT_LE(share.bytes(), 3 * edge_bytes);
    EXPECT_TRUE(reader.in_frame());
  }
  EXPECT_TRUE(bodies.empty());
  reader.clear();
  EXPECT_EQ(share.bytes(), 0u);
}

TEST_F(frame_reader_test, a_frame_that_passes_by_may_wait_in_the_rest_of_a_read) {
  reader = frame_reader{share, 1000};
  fill(framed("one") + framed(std::string(1500, 'x')) + framed("two"));
  ASSERT_TRUE(reader.next());
  reader.keep_rest();
  auto by = reader.next();
  ASSERT_TRUE(by);
  EXPECT_EQ(by->passed_by, 1500u);
  auto two = reader.next();
  ASSERT_TRUE(two);
  EXPECT_EQ(two->body.size(), 3u);
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(share.bytes(), 0u);
}

TEST_F(frame_reader_test, a_length_that_lies_takes_no_memory_of_its_size) {
  read(length_field(max_frame) + "only this");
  EXPECT_TRUE(bodies.empty());
  EXPECT_TRUE(reader.in_frame());
  EXPECT_LE(share.bytes(), frame_pool::free_of_caps);
  std::size_t room = 0;
  for (const auto& v : reader.room({scratch.data(), scratch.size()}))
    room += v.iov_len;
  EXPECT_LE(room, scratch.size()) << "what is read at a time stays what the link allows";
}

TEST_F(frame_reader_test, a_frame_is_charged_before_it_comes_in_and_free_when_it_is_whole) {
  auto stream = framed(std::string(100'000, 'x'));
  read(stream.substr(0, 3));
  EXPECT_EQ(share.bytes(), 0u) << "the beginning of a length has its place";
  EXPECT_TRUE(reader.in_frame());
  read(stream.substr(3, 5000));
  EXPECT_GE(share.bytes(), 4999u);
  EXPECT_LE(share.bytes(), 4 * 4999u) << "it follows what has arrived";
  EXPECT_EQ(budget.used(), share.bytes());
  read(stream.substr(5003));
  EXPECT_EQ(bodies.size(), 1u);
  EXPECT_EQ(share.bytes(), 0u);
}

TEST_F(frame_reader_test, a_frame_waits_for_memory_and_goes_on_where_it_was) {
  frame_pool::share other{{pool}, "10.0.0.1:6", owner};
  scratch.resize(64u << 10);
  frame_pool::share third{{pool}, "10.0.0.1:7", owner};
  third.take_anyway(1u << 20);
  other.take_anyway(pool.limit());
  ASSERT_TRUE(other.take(1, now)) << "has the loan";
  auto stream = framed("first") + framed(std::string(100'000, 'x')) + framed("last");
  read(std::string_view{stream}.substr(0, 30'000), 30'000);
  EXPECT_TRUE(reader.needs_memory());
  reader.keep_rest();
  std::fill(scratch.begin(), scratch.end(), std::byte{0}); // another link reads
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(bodies, std::vector<std::string>{"first"});
  other.give_back(other.bytes());
  board.run_turn();
  EXPECT_EQ(owner.told, 1);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.needs_memory());
  read(std::string_view{stream}.substr(30'000));
  ASSERT_EQ(bodies.size(), 3u);
  EXPECT_EQ(bodies[1], std::string(100'000, 'x'));
  EXPECT_EQ(bodies[2], "last");
  EXPECT_EQ(share.bytes(), 0u);
}

TEST_F(frame_reader_test, what_is_not_taken_yet_is_kept_and_charged) {
  fill(framed("one") + framed("two") + framed("three"));
  EXPECT_EQ(reader.next()->body.size(), 3u);
  reader.keep_rest();
  EXPECT_EQ(share.bytes(), framed("two").size() + framed("three").size());
  std::fill(scratch.begin(), scratch.end(), std::byte{0}); // another link reads
  auto two = reader.next();
  ASSERT_TRUE(two);
  EXPECT_EQ(two->body.size(), 3u);
  EXPECT_EQ(two->body[0], std::byte{'t'});
  reader.keep_rest(); // stops once more
  EXPECT_EQ(reader.next()->body.size(), 5u);
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(share.bytes(), 0u);
}

TEST_F(frame_reader_test, what_is_kept_after_half_a_length_came_in_stays_what_it_was) {
  auto stream = framed("one") + framed("two") + framed("three");
  fill(std::string_view{stream}.substr(0, framed("one").size() + 2));
  reader.keep_rest(); // stops at once, with all of it
  EXPECT_EQ(reader.next()->body.size(), 3u);
  EXPECT_FALSE(reader.next()) << "of the second length only half is here";
  EXPECT_EQ(share.bytes(), 0u) << "nothing is kept any more";
  fill(std::string_view{stream}.substr(framed("one").size() + 2));
  EXPECT_EQ(reader.next()->body.size(), 3u);
  reader.keep_rest();
  std::fill(scratch.begin(), scratch.end(), std::byte{0}); // another link reads
  auto three = reader.next();
  ASSERT_TRUE(three);
  ASSERT_EQ(three->body.size(), 5u);
  EXPECT_EQ(three->body[0], std::byte{'t'});
}

TEST_F(frame_reader_test, frames_come_out_as_they_went_in_wherever_reads_end_and_stops_fall) {
  for (unsigned seed = 1; seed <= 600; ++seed) {
    std::mt19937 random{seed};
    spare = seed % 2 == 0 ? &block : nullptr;
    scratch.resize(spare ? 40'000 : 4096);
    auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random); };
    std::string stream;
    std::vector<std::string> sent;
    for (std::size_t n = 0; n < 40; ++n) {
      sent.emplace_back(below(5) == 0 ? below(40'000) : spare && below(2) == 0 ? 36'000 + below(4'000) : below(60), static_cast<char>('a' + n % 26));
      stream += framed(sent.back());
    }
    bodies.clear();
    for (std::size_t at = 0; at < stream.size();) {
      at += fill(std::string_view{stream}.substr(at, 1 + below(below(3) == 0 ? 50'000 : 60)));
      while (true) {
        if (below(3) == 0) {
          reader.keep_rest();
          std::fill(scratch.begin(), scratch.end(), std::byte{0xff}); // another link reads
          std::memset(block.room(39'000), 0xff, 39'000);
        }
        auto f = reader.next();
        if (!f)
          break;
        bodies.emplace_back(reinterpret_cast<const char*>(f->body.data()), f->body.size());
      }
    }
    ASSERT_TRUE(bodies == sent) << "seed " << seed;
    ASSERT_EQ(share.bytes(), 0u) << "seed " << seed;
  }
}

TEST_F(frame_reader_test, large_frames_in_a_row_come_in_blocks_of_their_own) {
  spare = &block;
  scratch.resize(256u << 10);
  std::vector<std::string> sent;
  std::string stream;
  for (char c : {'a', 'b', 'c', 'd', 'e'}) {
    sent.emplace_back(100'000, c);
    stream += framed(sent.back());
  }
  read(stream);
  EXPECT_TRUE(bodies == sent);
  EXPECT_EQ(own_memory, (std::vector<bool>{false, false, true, true, true})); // the first two were not expected
  EXPECT_EQ(share.bytes(), 0u);
  // In pieces, the first of which is most of it: that block is the frame's as well.
  read(framed(std::string(100'000, 'f')), 60'000);
  EXPECT_EQ(bodies.back(), std::string(100'000, 'f'));
  EXPECT_TRUE(own_memory.back());
  EXPECT_EQ(share.bytes(), 0u);
}

TEST_F(frame_reader_test, a_block_for_a_large_frame_is_not_given_for_small_ones) {
  spare = &block;
  scratch.resize(256u << 10);
  read(framed(std::string(100'000, 'a')));
  ASSERT_TRUE(reader.expects_large());
  read(framed("small") + framed(std::string(40'000, 'b')) + framed("also small"));
  EXPECT_EQ(bodies.size(), 4u);
  EXPECT_EQ(own_memory, (std::vector<bool>(4, false)));
  EXPECT_FALSE(bodies[1] != "small" || bodies[3] != "also small" || bodies[2] != std::string(40'000, 'b'));
}

TEST_F(frame_reader_test, what_is_forgotten_is_not_charged) {
  read(framed(std::string(10'000, 'x')).substr(0, 5000));
  EXPECT_GT(share.bytes(), 0u);
  reader.clear();
  EXPECT_EQ(share.bytes(), 0u);
  EXPECT_FALSE(reader.in_frame());
}

TEST_F(frame_reader_test, the_memory_of_a_frame_can_be_taken_over) {
  auto stream = framed(std::string(10'000, 'x'));
  std::optional<frame_reader::frame> kept;
  for (std::size_t at = 0; !kept;) {
    at += fill(std::string_view{stream}.substr(at));
    kept = reader.next();
  }
  ASSERT_TRUE(kept->memory);
  EXPECT_EQ(kept->body.data(), kept->memory.get());
  EXPECT_GE(kept->capacity, kept->body.size());
  read(framed("another"), 5);
  EXPECT_EQ(bodies, std::vector<std::string>{"another"});
  EXPECT_EQ(kept->body.size(), 10'000u);
  EXPECT_EQ(std::to_integer<char>(kept->body.back()), 'x');
}

TEST_F(frame_reader_test, the_preamble_is_the_byte_in_front_of_the_first_frame) {
  EXPECT_FALSE(reader.take_preamble());
  fill(std::string{"\x01"} + framed("one").substr(0, 2));
  EXPECT_EQ(reader.take_preamble(), std::byte{1});
  EXPECT_FALSE(reader.next());
  read(framed("one").substr(2));
  EXPECT_EQ(bodies, std::vector<std::string>{"one"});
}

TEST_F(frame_reader_test, the_time_of_a_frame_begins_with_its_first_byte_and_grows_with_its_size) {
  using namespace std::chrono_literals;
  auto began = now;
  auto stream = framed(std::string(1u << 20, 'x'));
  read(stream.substr(0, 1));
  EXPECT_EQ(reader.deadline(10s), began + 10s);
  now += 5s;
  read(stream.substr(1, 10'000));
  EXPECT_EQ(reader.deadline(10s), began + 10s + 4s);
  reader.restart(now);
  EXPECT_EQ(reader.deadline(10s), now + 10s + 4s);
  now += 1s;
  read(stream.substr(10'001) + framed("a second frame").substr(0, 6));
  EXPECT_EQ(reader.deadline(10s), now + 10s);
}

} // namespace
} // namespace ockam
