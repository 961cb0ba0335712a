// SPDX-License-Identifier: Apache-2.0
#include "portals/socket_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ockam {
namespace {

message with(std::size_t size) {
  message m;
  m.body = payload{std::string(size, 'x')};
  return m;
}

std::size_t push(socket_queue& q, std::size_t size) {
  auto m = with(size);
  auto cost = q.cost(m, m.bytes());
  q.push(m, m.bytes());
  return cost;
}

TEST(socket_queue, a_byte_behind_a_large_message_costs_little_and_all_that_it_takes) {
  socket_queue q;
  constexpr std::size_t large = 5'000, rounds = 200;
  std::size_t charged = 0, own = 0;
  for (std::size_t i = 0; i < rounds; ++i) {
    charged += push(q, large);
    own += with(large).footprint();
    auto of_byte = push(q, 1);
    EXPECT_GE(of_byte, 512u) << "the block is charged with the byte that it is made for";
    charged += of_byte;
  }
  EXPECT_EQ(q.bytes(), rounds * (large + 1));
  EXPECT_LT(charged - own, rounds * 1'024) << "and is no larger than it has to be";
}

TEST(socket_queue, small_messages_in_a_row_share_blocks_that_are_charged_once) {
  socket_queue q;
  push(q, 1);
  std::size_t charged = 0, blocks = 0;
  constexpr std::size_t number = 100'000;
  for (std::size_t i = 0; i < number; ++i) {
    auto cost = push(q, 10);
    charged += cost;
    blocks += cost > 0;
  }
  EXPECT_GE(charged, number * 10);
  EXPECT_LT(charged, number * 10 + (32u << 10));
  EXPECT_LT(blocks, 80u);
}

} // namespace
} // namespace ockam
