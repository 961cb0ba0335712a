// SPDX-License-Identifier: Apache-2.0
// Portals through secure channels, and who may be at their other end.
#include "sim/channels/channel_fixture.hpp"

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

//   client ══ inlet (node a) ══ channel ══ (node b) outlet ══ target, which the test plays
class portal_in_a_channel : public secure_channel {
 protected:
  static constexpr const char* target_at = "10.0.0.9:5432";
  static constexpr const char* inlet_at = "127.0.0.1:15432";
  static constexpr const char* to_outlet = "/ip4/127.0.0.1/tcp/4000/secure/api/service/outlet";

  void open(option_texts outlet = {}, option_texts inlet = {}) {
    outlet.emplace("to", target_at);
    ASSERT_EQ(begin(*b, "tcp-outlet", "outlet", std::move(outlet)), "");
    inlet.emplace("from", inlet_at);
    inlet.emplace("to", to_outlet);
    ASSERT_EQ(begin(*a, "tcp-inlet", "db", std::move(inlet)), "");
    net.advance(1s);
  }
  std::string inlet(std::string_view what) { return field(*a, "tcp-inlet", "db", what); }

  server& target = net.serve(target_at);
};

TEST_F(portal_in_a_channel, carries_bytes_both_ways) {
  open();
  ASSERT_EQ(inlet("state"), "up") << inlet("reason");
  auto c = net.dial(inlet_at);
  net.run();
  ASSERT_TRUE(target.waiting());
  auto t = target.accept();
  c.send(std::string(300'000, 'x'));
  std::string came;
  for (int i = 0; i < 100 && came.size() < 300'000; ++i) {
    net.run();
    came += t.receive();
  }
  EXPECT_EQ(came.size(), 300'000u);
  t.send("answer");
  net.run();
  EXPECT_EQ(c.receive(), "answer");
}

TEST_F(portal_in_a_channel, whom_allow_names_at_both_ends_gets_through) {
  open({{"allow", id_a->name()}}, {{"allow", id_b->name()}});
  ASSERT_EQ(inlet("state"), "up") << inlet("reason");
  auto c = net.dial(inlet_at);
  net.run();
  ASSERT_TRUE(target.waiting());
  auto t = target.accept();
  c.send("hello");
  net.run();
  EXPECT_EQ(t.receive(), "hello");
}

TEST_F(portal_in_a_channel, an_outlet_takes_nobody_whom_allow_does_not_name) {
  open({{"allow", id_b->name()}});
  auto c = net.dial(inlet_at);
  net.run();
  net.advance(6s);
  EXPECT_FALSE(target.waiting());
  EXPECT_TRUE(c.closed_by_peer());
}

TEST_F(portal_in_a_channel, an_outlet_with_allow_takes_nobody_without_a_channel) {
  open({{"allow", id_a->name()}}, {{"to", "/ip4/127.0.0.1/tcp/4000/service/outlet"}});
  auto c = net.dial(inlet_at);
  net.run();
  net.advance(6s);
  EXPECT_FALSE(target.waiting());
}

TEST_F(portal_in_a_channel, an_inlet_does_not_come_up_with_a_far_end_that_allow_does_not_name) {
  open({}, {{"allow", id_a->name()}});
  EXPECT_EQ(inlet("state"), "down");
  EXPECT_NE(inlet("reason").find(id_b->name()), std::string::npos) << inlet("reason");
}

TEST_F(portal_in_a_channel, comes_up_again_after_the_other_node_was_restarted) {
  open();
  ASSERT_EQ(inlet("state"), "up");
  b.reset();
  start_b();
  ASSERT_EQ(begin(*b, "tcp-outlet", "outlet", {{"to", target_at}}), "");
  auto works = [&] {
    if (inlet("state") != "up")
      return false;
    auto c = net.dial(inlet_at);
    net.run();
    if (!target.waiting())
      return false;
    auto t = target.accept();
    c.send("again");
    net.run();
    return t.receive() == "again";
  };
  EXPECT_TRUE(within(12s, works)) << inlet("state") << inlet("reason");
}

TEST_F(portal_in_a_channel, its_channel_ends_with_the_inlet) {
  open();
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "1");
  end(*a, "tcp-inlet", "db");
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "0");
}

} // namespace
} // namespace ockam::sim
