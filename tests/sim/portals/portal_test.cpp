// SPDX-License-Identifier: Apache-2.0
// Bytes through a portal, and how it ends.
#include "sim/portals/portal_fixture.hpp"

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

TEST_F(portal, bytes_go_both_ways) {
  open();
  auto c = dial();
  auto t = accept();
  c.send("hello");
  net.run();
  EXPECT_EQ(t.receive(), "hello");
  t.send("you are welcome");
  net.run();
  EXPECT_EQ(c.receive(), "you are welcome");
}

TEST_F(portal, large_transfers_arrive_as_they_are) {
  open();
  auto c = dial();
  auto t = accept();
  auto up = noise(5u << 20, 1), down = noise(5u << 20, 2);
  EXPECT_TRUE(pump(c, t, up) == up);
  EXPECT_TRUE(pump(t, c, down) == down);
}

TEST_F(portal, however_reads_and_writes_are_cut) {
  net.disturb(7);
  open();
  auto c = dial();
  auto t = accept();
  auto up = noise(300'000, 3), down = noise(300'000, 4);
  EXPECT_TRUE(pump(c, t, up) == up);
  EXPECT_TRUE(pump(t, c, down) == down);
}

TEST_F(portal, the_target_may_speak_first) {
  open();
  auto c = dial();
  auto t = accept();
  t.send("220 ready");
  net.run();
  EXPECT_EQ(c.receive(), "220 ready");
}

TEST_F(portal, the_end_of_one_direction_is_not_that_of_the_other) {
  open();
  auto c = dial();
  auto t = accept();
  c.send("request");
  c.finish();
  net.run();
  EXPECT_EQ(t.receive(), "request");
  EXPECT_TRUE(t.finished_by_peer());
  auto answer = noise(10u << 20, 5);
  EXPECT_TRUE(pump(t, c, answer) == answer);
  EXPECT_FALSE(c.closed_by_peer());
  t.finish();
  net.run();
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_FALSE(c.reset_by_peer());
  expect_nothing_left();
}

TEST_F(portal, the_target_may_end_first) {
  open();
  auto c = dial();
  auto t = accept();
  t.send("bye");
  t.finish();
  net.run();
  EXPECT_EQ(c.receive(), "bye");
  EXPECT_TRUE(c.finished_by_peer());
  auto more = noise(1u << 20, 6);
  EXPECT_TRUE(pump(c, t, more) == more);
  c.finish();
  net.run();
  EXPECT_TRUE(t.closed_by_peer());
  expect_nothing_left();
}

TEST_F(portal, an_end_in_order_is_no_failure) {
  open();
  auto c = dial();
  auto t = accept();
  c.finish();
  t.finish();
  expect_nothing_left();
  EXPECT_EQ(of_inlet("failed"), "0");
  EXPECT_EQ(of_outlet("failed"), "0");
  EXPECT_EQ(of_outlet("opened"), "1");
  for (auto* n : {&app, &db})
    EXPECT_EQ(n->board().dropped()[drop_reason::unknown_worker], 0u);
}

TEST_F(portal, a_reset_stays_one) {
  open();
  auto c = dial();
  auto t = accept();
  c.reset();
  net.advance(2s);
  EXPECT_TRUE(t.reset_by_peer());
  auto d = dial();
  auto u = accept();
  u.reset();
  net.advance(2s);
  EXPECT_TRUE(d.reset_by_peer());
  expect_nothing_left();
}

TEST_F(portal, a_target_that_refuses_closes_the_client_at_once_and_says_why) {
  open({{"to", "10.0.0.9:1"}});
  auto c = dial();
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_NE(of_inlet("last_failure").find("target unreachable: cannot connect to 10.0.0.9:1"), std::string::npos) << of_inlet("last_failure");
  EXPECT_NE(of_outlet("last_failure").find("refused"), std::string::npos);
  EXPECT_EQ(of_inlet("failed_by:unreachable"), "1");
  EXPECT_EQ(of_inlet("failed_by:reset"), "0");
  EXPECT_EQ(of_outlet("failed_by:unreachable"), "1");
  expect_nothing_left();
}

TEST_F(portal, a_target_that_hangs_closes_the_client_within_the_deadline) {
  net.swallow("10.0.0.9:2");
  open({{"to", "10.0.0.9:2"}});
  auto c = dial();
  net.advance(4s);
  EXPECT_FALSE(c.closed_by_peer());
  net.advance(1s);
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_NE(of_inlet("last_failure").find("target timed out"), std::string::npos) << of_inlet("last_failure");
  expect_nothing_left();
}

TEST_F(portal, an_outlet_that_is_not_there_closes_the_client_at_once_and_is_not_taken_for_its_target) {
  open();
  end(db, "tcp-outlet", "outlet");
  auto c = dial();
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_TRUE(of_inlet("last_failure").starts_with("the outlet cannot be reached: ")) << of_inlet("last_failure");
  EXPECT_NE(of_inlet("last_failure").find("0#outlet"), std::string::npos) << of_inlet("last_failure");
  EXPECT_EQ(of_inlet("failed_by:unreachable"), "1");
}

TEST_F(portal, the_end_of_an_outlet_is_that_of_its_streams) {
  open();
  auto c = dial();
  auto t = accept();
  end(db, "tcp-outlet", "outlet");
  net.run();
  EXPECT_TRUE(c.reset_by_peer());
  EXPECT_TRUE(t.reset_by_peer());
}

TEST_F(portal, a_client_that_vanishes_before_the_target_answers_leaves_nothing) {
  open();
  auto c = net.dial(inlet_at);
  c.reset();
  net.advance(7s);
  while (target.waiting())
    EXPECT_TRUE(target.accept().closed_by_peer());
  expect_nothing_left();
}

TEST_F(portal, a_stream_that_says_nothing_lives) {
  open();
  auto c = dial();
  auto t = accept();
  net.advance(1h);
  c.send("still here");
  net.run();
  EXPECT_EQ(t.receive(), "still here");
}

TEST_F(portal, unless_an_idle_deadline_was_asked_for) {
  open({}, {{"idle-timeout", "30s"}});
  auto c = dial();
  auto t = accept();
  net.advance(25s);
  c.send("x");
  net.advance(25s);
  EXPECT_EQ(t.receive(), "x");
  EXPECT_FALSE(t.closed_by_peer());
  net.advance(10s);
  EXPECT_TRUE(t.closed_by_peer());
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_NE(of_inlet("last_failure").find("idle"), std::string::npos);
}

TEST_F(portal, without_a_handshake_bytes_flow_at_once) {
  open({{"skip-handshake", "yes"}}, {{"skip-handshake", "yes"}});
  auto c = dial();
  c.send("hello");
  auto t = accept();
  net.run();
  EXPECT_EQ(t.receive(), "hello");
  auto down = noise(3u << 20, 8);
  EXPECT_TRUE(pump(t, c, down) == down);
  c.close();
  net.advance(3s);
  EXPECT_TRUE(t.closed_by_peer());
  expect_nothing_left();
}

/// An inlet takes the stream for open at once: it hears that it is not.
TEST_F(portal, without_a_handshake_a_target_that_refuses_closes_the_client_at_once_and_says_why) {
  open({{"to", "10.0.0.9:1"}, {"skip-handshake", "yes"}}, {{"skip-handshake", "yes"}});
  auto c = dial();
  EXPECT_TRUE(c.reset_by_peer());
  EXPECT_NE(of_inlet("last_failure").find("target unreachable: cannot connect to 10.0.0.9:1"), std::string::npos) << of_inlet("last_failure");
  EXPECT_EQ(of_inlet("failed_by:unreachable"), "1");
  EXPECT_EQ(of_outlet("failed_by:unreachable"), "1");
  auto d = net.dial(inlet_at);
  d.send("the client speaks first");
  net.run();
  EXPECT_TRUE(d.reset_by_peer());
  expect_nothing_left();
}

TEST_F(portal, without_a_handshake_a_target_that_hangs_closes_the_client_within_the_deadline) {
  net.swallow("10.0.0.9:2");
  open({{"to", "10.0.0.9:2"}, {"skip-handshake", "yes"}}, {{"skip-handshake", "yes"}});
  auto c = dial();
  net.advance(5s);
  EXPECT_TRUE(c.reset_by_peer());
  EXPECT_NE(of_inlet("last_failure").find("target timed out"), std::string::npos) << of_inlet("last_failure");
  expect_nothing_left();
}

TEST_F(portal, without_a_handshake_an_outlet_that_is_full_closes_the_client_at_once) {
  open({{"max-streams", "1"}, {"skip-handshake", "yes"}}, {{"skip-handshake", "yes"}});
  begin(db, "tcp-inlet", "local", {{"from", "127.0.0.1:15433"}, {"to", "/service/outlet"}, {"skip-handshake", "yes"}});
  auto first = net.dial("127.0.0.1:15433"); // of the outlet's own node, which may have all
  net.run();
  auto t = accept();
  auto c = dial();
  EXPECT_TRUE(c.reset_by_peer());
  EXPECT_NE(of_inlet("last_failure").find("refused by the outlet: max-streams is reached"), std::string::npos) << of_inlet("last_failure");
  EXPECT_FALSE(first.closed_by_peer());
}

TEST_F(portal, without_a_handshake_an_outlet_that_is_not_there_closes_the_client_at_once) {
  open({{"skip-handshake", "yes"}}, {{"skip-handshake", "yes"}});
  end(db, "tcp-outlet", "outlet");
  auto c = dial();
  EXPECT_TRUE(c.reset_by_peer());
  EXPECT_TRUE(of_inlet("last_failure").starts_with("the outlet cannot be reached: ")) << of_inlet("last_failure");
  EXPECT_EQ(of_inlet("connections"), "0");
}

TEST_F(portal, without_a_handshake_a_reset_stays_one) {
  open({{"skip-handshake", "yes"}}, {{"skip-handshake", "yes"}});
  auto c = dial();
  auto t = accept();
  t.reset();
  net.advance(2s);
  EXPECT_TRUE(c.reset_by_peer());
  EXPECT_EQ(of_inlet("failed_by:reset"), "1");
  expect_nothing_left();
}

/// The first address of the target swallows what comes, so that the second one is tried after a while.
TEST_F(portal, without_a_handshake_what_a_client_said_that_ended_at_once_waits_for_the_target) {
  net.name("slow.example", {"10.0.0.8", "10.0.0.9"});
  net.swallow("10.0.0.8:5432");
  open({{"to", "slow.example:5432"}, {"skip-handshake", "yes"}}, {{"skip-handshake", "yes"}});
  auto c = dial();
  c.send("all that there is to say");
  c.finish();
  net.run();
  ASSERT_FALSE(target.waiting());
  net.advance(1s);
  ASSERT_TRUE(target.waiting());
  auto t = accept();
  EXPECT_EQ(t.receive(), "all that there is to say");
  EXPECT_TRUE(t.closed_by_peer());
  EXPECT_FALSE(t.reset_by_peer());
  EXPECT_EQ(of_outlet("failed"), "0") << of_outlet("last_failure");
  expect_nothing_left();
}

/// Between ends that have no hello of each other, nothing tells that the other one is still there.
TEST_F(portal, without_a_handshake_a_stream_on_which_nobody_speaks_ends) {
  open({{"skip-handshake", "yes"}}, {{"skip-handshake", "yes"}});
  auto c = dial();
  auto t = accept();
  net.advance(4min);
  EXPECT_FALSE(c.closed_by_peer());
  net.advance(65s);
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_TRUE(t.closed_by_peer());
  expect_nothing_left();
}

TEST_F(portal, connections_that_end_in_every_order_leave_nothing) {
  open();
  std::mt19937 chance{42};
  for (int round = 0; round < 500; ++round) {
    std::vector<client> clients, targets;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(net.dial(inlet_at));
      net.run();
      targets.push_back(target.accept());
      clients.back().send("x");
    }
    std::vector<client*> all;
    for (auto* list : {&clients, &targets})
      for (auto& c : *list)
        all.push_back(&c);
    std::shuffle(all.begin(), all.end(), chance);
    for (auto* c : all) {
      switch (chance() % 3) {
        case 0: c->finish(); break;
        case 1: c->close(); break;
        default: c->reset();
      }
      if (chance() % 2 == 0)
        net.run();
    }
    for (auto* c : all)
      c->close();
    net.advance(100ms);
  }
  expect_nothing_left();
  EXPECT_EQ(of_outlet("opened"), "10000");
}

} // namespace
} // namespace ockam::sim
