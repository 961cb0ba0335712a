// SPDX-License-Identifier: Apache-2.0
// Watches over a network with faults, of nodes that go, and of nodes that know of none.

#include "sim/support/watch_test.hpp"
#include "sim/support/wire.hpp"

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

class watch_over_faults : public watch_test {
 protected:
  watch_over_faults() {
    auto made = std::make_unique<faulty_hop>();
    between = made.get();
    n1.start("between", std::move(made));
    start(*n2, "mortal");
  }
  const route far{"between", "up", "mortal"};
  faulty_hop* between = nullptr;
};

INSTANTIATE_TEST_SUITE_P(on, watch_over_faults, ::testing::Values(worker_thread::socket));

TEST_P(watch_over_faults, a_name_that_is_not_there_and_a_route_that_is_none_are_told_at_once) {
  EXPECT_EQ(watch({"up", "nobody"}), "undeliverable: there is no worker at 0#up => 0#nobody");
  EXPECT_EQ(watch({"nobody"}), "undeliverable: there is no worker at 0#nobody");
  EXPECT_EQ(watch({}).substr(0, 14), "invalid-route:");
  EXPECT_EQ(watch({"up", address{transport_type::tcp, "10.0.0.2:4000"}}).substr(0, 14), "invalid-route:");
  EXPECT_EQ(count(*n2, "sessions"), 0u) << "nothing is left of it";
}

TEST_P(watch_over_faults, a_partition_that_heals_before_the_time_is_over_costs_nothing) {
  EXPECT_EQ(watch(far), "nothing");
  for (int i = 0; i < 5; ++i) {
    between->closed = true;
    net.advance(7s);
    between->closed = false;
    net.advance(5s);
    ASSERT_EQ(w->last(), "nothing");
  }
  stop(*n2, "mortal");
  EXPECT_EQ(w->last(), "closed: the worker at 0#between => 0#up => 0#mortal is no more: it was stopped");
}

TEST_P(watch_over_faults, a_partition_that_lasts_is_told_as_unreachable_and_the_other_side_forgets) {
  watch(far);
  between->closed = true;
  net.advance(7s);
  EXPECT_EQ(w->last(), "nothing");
  net.advance(3s);
  EXPECT_EQ(w->last(), "unreachable: nothing was heard from the node at 0#between => 0#up for 8 s");
  auto seen = between->seen;
  EXPECT_EQ(count(*n2, "watches"), 1u);
  net.advance(1min);
  EXPECT_EQ(count(*n2, "watches"), 0u) << "its lease is over";
  EXPECT_EQ(between->seen, seen) << "nothing is asked any more";
}

TEST_P(watch_over_faults, what_ends_during_a_partition_is_told_when_it_heals) {
  watch(far);
  between->closed = true;
  stop(*n2, "mortal");
  net.advance(5s);
  EXPECT_EQ(w->last(), "nothing");
  between->closed = false;
  net.advance(1s);
  EXPECT_EQ(w->last(), "closed: the worker at 0#between => 0#up => 0#mortal is no more: it was stopped");
  net.advance(10s);
  EXPECT_EQ(w->told.size(), 1u);
}

TEST_P(watch_over_faults, a_network_that_loses_a_third_of_all_messages_changes_nothing_but_time) {
  between->loss = 0.33;
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i)
    start(*n2, names.emplace_back("m" + std::to_string(i)));
  for (const auto& name : names)
    w->watch({"between", "up", name});
  net.advance(20s);
  ASSERT_EQ(w->last(), "nothing");
  EXPECT_EQ(count(*n2, "watches"), 300u);
  net.advance(5min);
  ASSERT_EQ(w->last(), "nothing");
  for (const auto& name : names)
    stop(*n2, name);
  net.advance(20s);
  ASSERT_EQ(w->told.size(), 300u);
  for (const auto& why : w->told)
    EXPECT_EQ(why.code, errc::closed) << why.cause;
  EXPECT_EQ(w->watches.size(), 0u);
}

TEST_P(watch_over_faults, a_node_that_was_started_again_is_the_end_of_what_was_watched_there) {
  EXPECT_EQ(watch({"up", "mortal"}), "nothing");
  kill_n2();
  net.advance(3s);
  start_n2();
  start(*n2, "mortal");
  net.advance(4s);
  EXPECT_EQ(w->last().substr(0, 50), "closed: the node at 0#up has been started again, o");
  watch({"up", "mortal"});
  stop(*n2, "mortal");
  EXPECT_EQ(w->last(), "closed: the worker at 0#up => 0#mortal is no more: it was stopped");
}

TEST_P(watch_over_faults, a_node_that_is_gone_is_unreachable_in_the_words_of_who_knows_why) {
  watch({"up", "mortal"});
  kill_n2();
  net.advance(10s);
  EXPECT_EQ(w->last().substr(0, 62), "unreachable: nothing was heard from the node at 0#up for 8 s: ");
  EXPECT_NE(w->last().find("link-down"), std::string::npos) << w->last();
}

TEST_P(watch_over_faults, a_connection_that_comes_back_as_another_link_is_not_noticed) {
  watch({"up", "mortal"});
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(net.cut(where), 1u);
    net.advance(5s);
    ASSERT_EQ(w->last(), "nothing");
  }
  stop(*n2, "mortal");
  EXPECT_EQ(w->last(), "closed: the worker at 0#up => 0#mortal is no more: it was stopped");
}

TEST_P(watch_over_faults, any_transport_carries_it) {
  for (const auto* transport : {"tcp", "ws", "udp"}) {
    if (!n2->board().find(address{"mortal"}))
      start(*n2, "mortal");
    auto link = n1.connect(n2->listen("127.0.0.1:0", {"services"}, transport), {}, transport);
    ASSERT_TRUE(link) << transport;
    w->told.clear();
    EXPECT_EQ(watch({*link, address{"mortal"}}), "nothing") << transport;
    net.advance(12s);
    EXPECT_EQ(w->last(), "nothing") << transport;
    stop(*n2, "mortal");
    EXPECT_EQ(w->last(), "closed: the worker at " + to_string(*link) + " => 0#mortal is no more: it was stopped")
      << transport;
  }
}

TEST_P(watch_over_faults, a_node_that_stops_says_so) {
  watch({"up", "mortal"});
  auto* local = new_watcher(*n2, "local");
  local->watch({"mortal"});
  n2->drain();
  net.advance(20ms);
  EXPECT_EQ(local->last(), "nothing") << "it is there until the node is gone";
  EXPECT_EQ(w->last(), "closed: the node at 0#up stops");
  EXPECT_EQ(watch({"up", "mortal"}), "closed: the node at 0#up stops");
  EXPECT_EQ(w->told.size(), 2u);
  EXPECT_EQ(count(*n2, "sessions"), 1u) << "the local one";
}

TEST_P(watch_over_faults, two_nodes_watch_each_other_in_a_circle) {
  auto back = n2->connect(n1.listen());
  ASSERT_TRUE(back);
  auto* other = new_watcher(*n2, "watcher");
  auto* third = new_watcher(n1, "third");
  w->watch({"up", "watcher"});
  other->watch({*back, address{"third"}});
  third->watch({"watcher"});
  net.advance(30s);
  EXPECT_EQ(w->last() + other->last() + third->last(), "nothingnothingnothing");
  w->stop();
  net.run();
  EXPECT_EQ(third->last(), "ok: the worker at 0#watcher has ended");
  EXPECT_EQ(other->last(), "nothing");
  third->stop();
  net.run();
  EXPECT_EQ(other->told.size(), 1u);
}

TEST_P(watch_over_faults, ten_thousand_watches_of_one_node_are_one_small_message_each_two_seconds) {
  for (int i = 0; i < 10'000; ++i)
    w->watch(far);
  net.advance(10s);
  EXPECT_EQ(count(*n2, "watches"), 10'000u);
  EXPECT_EQ(count(*n2, "sessions"), 1u);
  auto before = between->seen;
  net.advance(60s);
  EXPECT_LE(between->seen - before, 2 * 31u) << "pings and their answers";
  w->watch(far); // one too many
  net.run();
  EXPECT_EQ(w->last(), "limit-reached: this worker watches 10000 others already");
  w->told.clear();
  stop(*n2, "mortal");
  net.advance(10s);
  EXPECT_EQ(w->told.size(), 10'000u);
}

TEST_P(watch_over_faults, a_node_of_another_implementation_is_alive_while_its_echo_answers) {
  EXPECT_TRUE(n2->workers().stop(address{std::string{watch_address}}));
  watch(far);
  net.advance(2min);
  EXPECT_EQ(w->last(), "nothing");
  auto before = between->seen;
  net.advance(60s);
  EXPECT_LE(between->seen - before, 100u);
  between->closed = true;
  net.advance(10s);
  EXPECT_EQ(w->last(), "unreachable: nothing was heard from the node at 0#between => 0#up for 8 s");
}

//   n1: watcher ══ dialled ══▶ a peer that the test plays: as a real Ockam node does (tests/data/wire), it says nothing
//   to what is for no worker of it, and its echo answers
TEST_P(watch_over_faults, a_peer_that_knows_nothing_of_watches_is_dialled_and_alive_by_its_echo) {
  const std::string at = "10.0.0.9:4000";
  auto& port = net.serve(at);
  watch({address{transport_type::tcp, at}, address{"anything"}});
  ASSERT_TRUE(port.waiting());
  auto peer = port.accept();
  peer.send(preamble);
  std::string in;
  int unknown = 0;
  auto live = [&](clock::duration d) {
    for (; d > 0s; d -= 500ms) {
      net.advance(500ms);
      in += peer.receive();
      if (in.starts_with(preamble))
        in.erase(0, 1);
      for (const auto& f : take_frames(in))
        if (f.onward == route{"echo"})
          peer.send(frame(f.back, {"echo"}, f.body));
        else
          ++unknown;
    }
  };
  live(2min);
  EXPECT_EQ(w->last(), "nothing");
  EXPECT_GT(unknown, 2);
  EXPECT_LT(unknown, 30) << "it is not asked again and again for what it does not know";
  net.advance(10s);
  EXPECT_EQ(w->last(), "unreachable: nothing was heard from the node at 1#10.0.0.9:4000 for 8 s");
}

} // namespace
} // namespace ockam::sim
