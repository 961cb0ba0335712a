// SPDX-License-Identifier: Apache-2.0
// What one relay may have under way (`max-relay-bytes`): who waits, who loses, who notices nothing, and that it ends.
#include "sim/relays/support.hpp"
#include "sim/support/talker.hpp"

#include <gtest/gtest.h>

#include <array>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most = 1u << 20, size = 8u << 10;
/// Of each sender: a link reads 256 KiB at a time, and may hold 1 MiB at another one.
constexpr std::size_t many = 250;

node_config config() {
  node_config c;
  c.name = "relay";
  c.limit.max_relay_bytes = most;
  c.limit.link_budget = 4u << 20;
  c.listeners.push_back({"main", "tcp", "127.0.0.1:4000", {}});
  return c;
}

//   behind ══▶ relay ◀══ three senders
struct relay_bytes_test : testing::Test {
  relay_bytes_test() {
    ask_for(behind, "n3");
    behind.end.window(0); // takes nothing until a test says so
  }

  static void ask_for(talker& who, std::string_view name) {
    who.end.send(frame({"forwarding_service"}, {"me"}, bare_text(name)));
    who.drain();
    who.frames.clear();
  }
  /// So many messages of 8 KiB, by way of the relay.
  void flood(talker& from, std::size_t n, bool report = false) {
    for (std::size_t i = 0; i < n; ++i)
      from.end.send(frame({"forward_to_n3", "sink"}, {"asker"}, numbered(i, size), report));
    net.run();
  }
  worker_memory passing(const std::string& name = "forward_to_n3") { return relay.workers().show(address{name})->memory; }
  std::size_t paused() {
    std::size_t n = 0;
    for (const auto& l : relay.tcp().links())
      n += l.pauses > 0;
    return n;
  }
  std::uint64_t dropped() { return relay.board().dropped()[drop_reason::congested]; }

  network net;
  node relay{net, config(), services_with_relays()};
  talker behind{net, "127.0.0.1:4000"};
  std::array<talker, 3> senders{talker{net, "127.0.0.1:4000"}, talker{net, "127.0.0.1:4000"}, talker{net, "127.0.0.1:4000"}};
};

TEST_F(relay_bytes_test, those_that_fill_it_wait_and_lose_nothing) {
  for (auto& s : senders)
    flood(s, many); // of which the links alone would let in more than 3 MiB
  EXPECT_EQ(passing().limit, most);
  EXPECT_GT(passing().used, most / 2);
  EXPECT_LE(passing().used, 2 * most) << "what a link has read already goes in";
  EXPECT_EQ(paused(), 3u);
  behind.end.window(64u << 10);
  behind.drain();
  EXPECT_EQ(behind.frames.size(), senders.size() * many);
  EXPECT_EQ(dropped(), 0u);
  EXPECT_EQ(passing().used, 0u);
}

TEST_F(relay_bytes_test, one_below_it_does_not_wait) {
  flood(senders[0], 10);
  EXPECT_EQ(paused(), 0u);
  EXPECT_GE(passing().used, 10 * size);
  EXPECT_LT(passing().used, most);
}

TEST_F(relay_bytes_test, other_relays_of_the_node_behind_have_their_own) {
  talker other{net, "127.0.0.1:4000"};
  ask_for(other, "n4");
  flood(senders[0], many);
  EXPECT_EQ(passing("forward_to_n4").used, 0u);
  senders[1].end.send(frame({"forward_to_n4", "sink"}, {"asker"}, "x"));
  other.drain();
  EXPECT_EQ(other.frames.size(), 1u);
}

TEST_F(relay_bytes_test, what_comes_from_who_cannot_wait_is_dropped_with_the_name_of_the_key) {
  auto box = std::make_unique<mailbox>();
  auto& got = box->got;
  relay.start("asker", std::move(box));
  for (std::size_t i = 0; i < many; ++i) { // of a worker of this node
    auto m = make_message({"forward_to_n3", "sink"}, address{"asker"}, payload{std::string(size, '.')});
    m->header.flags(route_header::flag_report);
    m->held = credit{relay.context().local_budget, m->footprint()};
    relay.board().deliver(std::move(m));
  }
  relay.reactor().post([] {});
  net.run();
  EXPECT_GT(dropped(), 0u);
  ASSERT_FALSE(got.empty());
  const auto* r = got[0]->header.get_report();
  ASSERT_TRUE(r);
  EXPECT_EQ(r->reason, drop_reason::congested);
  EXPECT_NE(r->detail.find("max-relay-bytes allows: 1MiB"), std::string::npos) << r->detail;
  EXPECT_LE(passing().used, most);
}

TEST_F(relay_bytes_test, a_link_that_takes_nothing_holds_nobody_up_for_longer_than_stall) {
  for (auto& s : senders)
    flood(s, many);
  ASSERT_EQ(paused(), 3u);
  net.advance(5s);
  EXPECT_EQ(passing().used, 0u);
  EXPECT_GT(dropped(), 0u);
  for (auto& s : senders)
    EXPECT_EQ(s.end.unread(), 0u) << "it reads on";
}

/// Each of them is below its own share at the link, so that it is not the link that holds them up.
TEST_F(relay_bytes_test, a_link_that_takes_next_to_nothing_holds_nobody_up_for_ever) {
  for (auto& s : senders)
    flood(s, many);
  ASSERT_EQ(paused(), 3u);
  for (int i = 0; i < 80; ++i) {
    behind.end.window(100);
    (void)behind.end.receive(100);
    net.advance(1s);
  }
  for (auto& s : senders)
    EXPECT_EQ(s.end.unread(), 0u) << "it reads on";
  EXPECT_GT(dropped(), 0u);
}

TEST_F(relay_bytes_test, a_relay_that_ends_lets_everybody_go) {
  for (auto& s : senders)
    flood(s, many);
  ASSERT_EQ(paused(), 3u);
  behind.end.close();
  net.advance(2s);
  EXPECT_FALSE(relay.board().find(address{"forward_to_n3"}));
  for (auto& s : senders)
    EXPECT_EQ(s.end.unread(), 0u);
}

} // namespace
} // namespace ockam::sim
