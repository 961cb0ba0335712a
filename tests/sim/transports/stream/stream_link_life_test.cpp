// SPDX-License-Identifier: Apache-2.0
// A peer that is there, silent, or gone.
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

const std::string beat{"\0\0\0\4\x83\x80\x80\x40", 8};

TEST(heartbeat, goes_out_every_three_seconds_on_an_idle_link) {
  network net;
  node n1{net};
  auto peer = net.dial(n1.listen());
  peer.send(preamble);
  net.run();
  EXPECT_EQ(peer.receive(), preamble);
  net.advance(12'500ms);
  auto in = peer.receive();
  EXPECT_EQ(in, beat + beat + beat + beat);
  EXPECT_EQ(n1.link().messages_out, 0u);
  EXPECT_EQ(n1.link().bytes_out, in.size());
}

TEST(heartbeat, is_left_out_where_something_was_just_written) {
  network net;
  node n1{net};
  auto peer = net.dial(n1.listen());
  peer.send(preamble);
  net.run();
  (void)peer.receive();
  for (int i = 0; i < 30; ++i) { // three beats, each 100 to 400 ms after an answer
    peer.send(frame({"echo"}, {"a"}, "x"));
    net.advance(400ms);
  }
  auto in = peer.receive();
  EXPECT_EQ(in.find(beat), std::string::npos);
  EXPECT_EQ(take_frames(in).size(), 30u);
}

TEST(heartbeat, of_a_peer_is_ignored) {
  network net;
  node n1{net};
  auto peer = net.dial(n1.listen());
  peer.send(preamble + beat + beat + frame({"echo"}, {"a"}, "x"));
  net.run();
  auto in = peer.receive().substr(1);
  EXPECT_EQ(take_frames(in).size(), 1u);
  EXPECT_EQ(n1.link().messages_in, 1u);
}

TEST(heartbeat, is_not_sent_where_the_system_tells_of_the_end_itself) {
  network net;
  node n1{net};
  auto peer = net.dial(n1.listen("/run/n1.sock", {}, "uds"));
  peer.send(preamble);
  net.advance(30s);
  EXPECT_EQ(peer.receive(), preamble);
}

TEST(listener, sums_up_what_it_has_let_in_also_when_that_has_ended) {
  network net;
  node n1{net};
  auto at = n1.listen();
  auto carried = [&] { return n1.tcp().listeners().at(0).carried; };
  for (std::uint64_t round = 1; round <= 2; ++round) {
    auto peer = net.dial(at);
    peer.send(preamble + frame({"echo"}, {"a"}, "x"));
    net.run();
    EXPECT_EQ(carried().messages_in, round);
    EXPECT_EQ(carried().messages_out, round);
    peer.close();
    net.run();
    EXPECT_EQ(n1.tcp().listeners().at(0).connections, 0u);
    EXPECT_EQ(carried().messages_in, round);
  }
  EXPECT_GT(carried().bytes_in, 0u);
}

TEST(listener, does_not_count_the_links_of_one_that_was_closed) {
  network net;
  node n1{net};
  auto old = net.dial(n1.listen("127.0.0.1:4000"));
  old.send(preamble);
  net.run();
  auto connections = [&] { return n1.tcp().listeners().at(0).connections; };
  EXPECT_EQ(connections(), 1u);
  ASSERT_TRUE(n1.tcp().close_listener("127.0.0.1:4000"));
  auto at = n1.listen("127.0.0.1:4000");
  EXPECT_EQ(connections(), 0u);
  old.close();
  net.run();
  EXPECT_EQ(connections(), 0u);
  EXPECT_EQ(n1.connections(), 0u);
  auto fresh = net.dial(at);
  fresh.send(preamble);
  net.run();
  EXPECT_EQ(connections(), 1u);
}

TEST(vanished_peer, is_noticed_within_ten_seconds) {
  network net;
  node n1{net};
  auto peer = net.dial(n1.listen());
  peer.send(preamble);
  net.advance(5s);
  ASSERT_EQ(n1.connections(), 1u);
  peer.vanish();
  net.advance(9'999ms);
  EXPECT_EQ(n1.connections(), 0u);
}

TEST(vanished_peer, is_not_one_that_does_not_read) {
  network net;
  node n1{net};
  auto peer = net.dial(n1.listen());
  peer.window(0);
  peer.send(preamble);
  net.advance(20s);
  EXPECT_EQ(n1.connections(), 1u);
}

} // namespace
} // namespace ockam::sim
