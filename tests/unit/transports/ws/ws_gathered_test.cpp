// SPDX-License-Identifier: Apache-2.0
#include "transports/ws/ws_gathered.hpp"

#include "transports/codec/message_codec.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ockam::ws {
namespace {

constexpr std::size_t max_frame = 20'000;

struct gathered_message_test : ::testing::Test, frame_pool::waiter {
  void frame_memory_available() override {}
  bool add(std::string_view text, std::size_t part = 1u << 20) {
    for (; !text.empty(); text.remove_prefix(std::min(part, text.size())))
      if (!message.append(std::as_bytes(std::span{text.substr(0, part)}), {}))
        return false;
    return true;
  }
  std::string taken(std::size_t most = 1u << 20) {
    std::string out;
    for (auto p = message.take(most); !p.empty(); p = message.take(most)) {
      EXPECT_LE(p.size(), most);
      out.append(reinterpret_cast<const char*>(p.data()), p.size());
    }
    EXPECT_EQ(message.taken(), out.size());
    return out;
  }

  memory budget{1u << 20};
  switchboard board{"n1"};
  frame_pool frames{budget, max_frame, board};
  frame_pool::share share{frame_pool::origin{frames}, "10.0.0.1:1", *this};
  gathered_message message{share, max_frame};
};

std::string noise(std::size_t n) {
  std::string s(n, '\0');
  for (std::size_t i = 0; i < n; ++i)
    s[i] = static_cast<char>(1 + (i * i + i / 256) % 255);
  return s;
}

TEST_F(gathered_message_test, gives_what_it_got) {
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5000}, max_frame})
    for (std::size_t part : {7u, 4096u, 1u << 20}) {
      ASSERT_TRUE(add(noise(size), part));
      EXPECT_EQ(message.size(), size);
      EXPECT_EQ(taken(part), noise(size));
      message.clear();
      EXPECT_EQ(share.bytes(), 0u);
    }
}

TEST_F(gathered_message_test, of_one_over_the_limit_the_ends_are_kept_and_the_length) {
  for (std::size_t size : {max_frame + 1, std::size_t{300'000}})
    for (std::size_t part : {7u, 5000u, 1u << 20}) {
      auto all = noise(size);
      ASSERT_TRUE(add(all, part));
      EXPECT_EQ(message.size(), size);
      EXPECT_EQ(share.bytes(), 2 * edge_bytes);
      auto got = taken(4096);
      ASSERT_EQ(got.size(), size);
      EXPECT_EQ(got.substr(0, edge_bytes), all.substr(0, edge_bytes));
      EXPECT_EQ(got.substr(size - edge_bytes), all.substr(size - edge_bytes));
      EXPECT_EQ(got.find_first_not_of('\0', edge_bytes), size - edge_bytes);
      message.clear();
      EXPECT_EQ(share.bytes(), 0u);
    }
}

TEST_F(gathered_message_test, ends_that_overlap) {
  gathered_message small{share, 10};
  auto all = noise(edge_bytes + 100);
  ASSERT_TRUE(small.append(std::as_bytes(std::span{all}), {}));
  std::string got;
  for (auto p = small.take(1000); !p.empty(); p = small.take(1000))
    got.append(reinterpret_cast<const char*>(p.data()), p.size());
  EXPECT_EQ(got, all);
}

TEST_F(gathered_message_test, what_is_too_large_is_not_put_together_first) {
  memory tight{64u << 10};
  frame_pool pool{tight, 1u << 20, board};
  frame_pool::share own{frame_pool::origin{pool}, "10.0.0.1:1", *this};
  gathered_message m{own, 1000};
  auto all = noise(1u << 20);
  EXPECT_TRUE(m.append(std::as_bytes(std::span{all}), {}));
  EXPECT_EQ(m.size(), all.size());
}

TEST_F(gathered_message_test, says_that_there_is_no_memory) {
  memory tight{64u << 10};
  frame_pool pool{tight, 16u << 20, board};
  frame_pool::share first{frame_pool::origin{pool}, "10.0.0.1:1", *this}, second{frame_pool::origin{pool}, "10.0.0.2:1", *this};
  first.take_anyway(64u << 10);
  auto all = noise(1u << 20);
  ASSERT_TRUE(second.take(1u << 20, {})); // the loan
  frame_pool::share third{frame_pool::origin{pool}, "10.0.0.3:1", *this};
  gathered_message n{third, 16u << 20};
  EXPECT_FALSE(n.append(std::as_bytes(std::span{all}), {}));
  EXPECT_EQ(n.size(), 0u);
}

} // namespace
} // namespace ockam::ws
