// SPDX-License-Identifier: Apache-2.0
// How streams are held up, and that none holds up another.
#include "sim/portals/portal_fixture.hpp"

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

/// Offers more until nobody takes any; how much that was.
std::size_t fill(network& net, client& from) {
  std::size_t total = 0;
  const std::string block(64u << 10, 'x');
  for (std::size_t n = 1; n > 0;) {
    n = from.offer(block);
    total += n;
    net.run();
  }
  return total;
}

TEST_F(portal, a_slow_reader_slows_the_writer) {
  open();
  auto c = dial();
  auto t = accept();
  auto taken = fill(net, t);
  EXPECT_LT(taken, 2u << 20); // two windows of TCP, and that of the stream
  EXPECT_LT(app.budget().used(), 1u << 20);
  EXPECT_LT(db.budget().used(), 1u << 20);
  std::size_t got = 0;
  while (c.received() > 0) {
    got += c.receive().size();
    net.run();
  }
  EXPECT_EQ(got, taken);
}

TEST_F(portal, one_that_takes_nothing_for_an_hour_lives) {
  open();
  auto c = dial();
  auto t = accept();
  auto taken = fill(net, t);
  net.advance(1h);
  std::size_t got = 0;
  while (c.received() > 0) {
    got += c.receive().size();
    net.run();
  }
  EXPECT_EQ(got, taken);
  EXPECT_FALSE(c.closed_by_peer());
}

TEST_F(portal, a_stuck_stream_delays_no_other) {
  open();
  auto stuck = dial();
  auto flood = accept();
  (void)fill(net, flood);
  auto c = dial();
  auto t = accept();
  for (int i = 0; i < 100; ++i) {
    c.send("ping");
    net.run();
    ASSERT_EQ(t.receive(), "ping");
    t.send("pong");
    net.run();
    ASSERT_EQ(c.receive(), "pong");
  }
  auto down = noise(4u << 20, 9);
  EXPECT_TRUE(pump(t, c, down) == down);
}

TEST_F(portal, small_messages_that_wait_take_little_more_than_their_bytes) {
  open();
  auto c = dial();
  auto t = accept();
  for (int i = 0; i < 200'000 && t.offer("x") > 0; ++i)
    net.run();
  EXPECT_LT(app.budget().used(), 1u << 20);
}

TEST_F(portal, twenty_stuck_streams_leave_the_link_to_others) {
  open();
  std::vector<client> clients, targets;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(dial());
    targets.push_back(accept());
    (void)fill(net, targets.back());
  }
  auto c = dial();
  auto t = accept();
  t.send("hello");
  net.run();
  EXPECT_EQ(c.receive(), "hello");
  clients.clear();
  targets.clear();
  c.close();
  t.close();
  expect_nothing_left();
}

TEST_F(portal, the_node_s_memory_bounds_all_of_them) {
  limits small;
  small.node_budget = 4u << 20;
  node tight{net, "tight", small};
  open();
  begin(tight, "tcp-inlet", "in", {{"from", "127.0.0.1:15433"}, {"to", "/ip4/127.0.0.1/tcp/" + where.substr(where.find(':') + 1) + "/service/outlet"}});
  std::vector<client> clients, targets;
  for (int i = 0; i < 60; ++i) {
    clients.push_back(net.dial("127.0.0.1:15433"));
    targets.push_back(accept());
  }
  for (auto& t : targets)
    (void)fill(net, t);
  EXPECT_LT(tight.budget().used(), 5u << 20);
  for (auto& c : clients)
    while (c.received() > 0) {
      (void)c.receive();
      net.run();
    }
  auto c = net.dial("127.0.0.1:15433");
  auto t = accept();
  t.send("hello");
  net.advance(3s);
  EXPECT_EQ(c.receive(), "hello");
}

} // namespace
} // namespace ockam::sim
