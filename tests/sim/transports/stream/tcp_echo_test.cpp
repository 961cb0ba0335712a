// SPDX-License-Identifier: Apache-2.0
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

//   test ══ n1: echo
TEST(tcp_echo, answers_a_peer_over_the_return_route) {
  network net;
  node n1{net};
  auto peer = net.dial(n1.listen());
  peer.send(preamble + frame({"echo"}, {"a"}, "hello"));
  net.run();
  auto in = peer.receive();
  ASSERT_EQ(in.substr(0, 1), preamble);
  in.erase(0, 1);
  auto frames = take_frames(in);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].onward, route{"a"});
  EXPECT_EQ(frames[0].back, route{"echo"});
  EXPECT_EQ(frames[0].body, "hello");
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(n1.budget().used(), 0u);
}

//   n1: test ══ n2: hop ══ n3: uppercase
TEST(tcp_echo, three_nodes_in_a_row) {
  network net;
  node n1{net, "n1"}, n2{net, "n2"}, n3{net, "n3"};
  n2.start("hop");
  auto to_n2 = n1.connect(n2.listen());
  auto to_n3 = n2.connect(n3.listen());
  ASSERT_TRUE(to_n2);
  ASSERT_TRUE(to_n3);
  auto box = std::make_unique<mailbox>();
  auto& got = box->got;
  n1.start("box", std::move(box));
  n1.send({*to_n2, "hop", *to_n3, "uppercase"}, "\x05hello", "box");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]->body.text(), "\x05HELLO");
  for (auto* n : {&n1, &n2, &n3})
    EXPECT_EQ(n->budget().used(), n == &n1 ? got[0]->held.bytes() : 0u);
}

} // namespace
} // namespace ockam::sim
