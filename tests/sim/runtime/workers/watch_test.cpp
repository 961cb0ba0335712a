// SPDX-License-Identifier: Apache-2.0
// Workers that are told of the end of others, on their own node and on others.
#include "runtime/workers/watch_server.hpp"

#include "runtime/links/config.hpp"
#include "sim/support/watching.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

const std::string where = "127.0.0.1:7000";

//   n1: watcher ══ connection "up" ══▶ n2: mortal workers, at port 7000
class watch_test : public ::testing::TestWithParam<worker_thread> {
 protected:
  watch_test() {
    start_n2();
    connection_config c;
    c.name = "up";
    c.transport = "tcp";
    c.address = where;
    EXPECT_TRUE(n1.lasting().add(c, n1.tcp()));
    net.run();
    w = new_watcher(n1, "watcher");
  }

  void start_n2() {
    n2.emplace(net, "n2");
    n2->listen(where);
  }
  void kill_n2() {
    n2.reset();
    net.run();
  }
  static watching_worker* new_watcher(node& n, const std::string& at) {
    auto made = std::make_unique<watching_worker>();
    auto* out = made.get();
    n.start(at, std::move(made));
    return out;
  }
  void start(node& n, const std::string& at, restart_policy restart = restart_policy::never) {
    worker_options o;
    o.type = "test";
    o.thread = GetParam();
    o.restart = restart;
    o.consumer_of = {n.context().flows.services};
    n.reactor().post([&n, at, o] {
      n.workers().start(
        address{at},
        []() -> result<std::unique_ptr<worker>> { return std::unique_ptr<worker>{std::make_unique<mortal>()}; }, o,
        [](result<void> ok) { EXPECT_TRUE(ok); });
    });
    net.run();
  }
  std::string watch(const route& to) {
    w->watch(to);
    net.run();
    return w->last();
  }
  void stop(node& n, const std::string& at) {
    n.reactor().post([&n, at] { EXPECT_TRUE(n.workers().stop(address{at})); });
    net.run();
  }
  std::uint64_t count(node& n, const std::string& what) {
    auto info = n.workers().show(address{std::string{watch_address}});
    return info ? info->counters[what] : 0;
  }

  network net;
  node n1{net, "n1"};
  std::optional<node> n2;
  watching_worker* w = nullptr;
};

INSTANTIATE_TEST_SUITE_P(on, watch_test, ::testing::Values(worker_thread::socket, worker_thread::pool),
                         [](const auto& on) { return std::string{to_string(on.param)}; });

TEST_P(watch_test, tells_that_a_worker_of_this_node_has_ended_and_why) {
  for (const auto& [how, why] : {std::pair{"quit", "ok: the worker at 0#mortal has ended"},
                                 std::pair{"throw", "service-failed: the worker at 0#mortal failed: as you wish"}}) {
    start(n1, "mortal");
    w->told.clear();
    EXPECT_EQ(watch({"mortal"}), "nothing");
    n1.send({"mortal"}, how);
    EXPECT_EQ(w->last(), why);
    EXPECT_EQ(w->told.size(), 1u);
  }
  start(n1, "mortal");
  watch({"mortal"});
  stop(n1, "mortal");
  EXPECT_EQ(w->last(), "closed: the worker at 0#mortal is no more: it was stopped");
  EXPECT_EQ(w->watches.size(), 0u);
}

TEST_P(watch_test, tells_that_a_worker_of_another_node_has_ended_and_why) {
  for (const auto& [how, why] :
       {std::pair{"quit", "ok: the worker at 0#up => 0#mortal has ended"},
        std::pair{"throw", "service-failed: the worker at 0#up => 0#mortal failed: as you wish"}}) {
    start(*n2, "mortal");
    w->told.clear();
    EXPECT_EQ(watch({"up", "mortal"}), "nothing");
    net.advance(20s);
    EXPECT_EQ(w->last(), "nothing");
    n1.send({"up", "mortal"}, how);
    EXPECT_EQ(w->last(), why);
  }
  start(*n2, "mortal");
  watch({"up", "mortal"});
  stop(*n2, "mortal");
  EXPECT_EQ(w->last(), "closed: the worker at 0#up => 0#mortal is no more: it was stopped");
}

TEST_P(watch_test, a_worker_that_is_made_anew_has_ended_and_can_be_watched_again) {
  start(*n2, "mortal", restart_policy::always);
  for (const auto& [how, code] : {std::pair{"throw", errc::service_failed}, std::pair{"quit", errc::ok},
                                  std::pair{"throw", errc::service_failed}}) {
    w->told.clear();
    watch({"up", "mortal"});
    n1.send({"up", "mortal"}, how);
    ASSERT_EQ(w->told.size(), 1u) << how;
    EXPECT_EQ(w->told[0].code, code) << w->last();
    net.advance(2min); // until it is there again
  }
}

TEST_P(watch_test, of_several_watches_of_one_worker_each_is_told_and_those_taken_back_are_not) {
  start(*n2, "mortal");
  auto first = w->watch({"up", "mortal"});
  w->watch({"up", "mortal"});
  net.run();
  w->watch({"up", "mortal"});
  w->watches.unwatch(first);
  w->watches.unwatch(w->watch({"up", "mortal"}));
  net.run();
  EXPECT_EQ(count(*n2, "watches"), 2u);
  n1.send({"up", "mortal"}, "quit");
  EXPECT_EQ(w->told.size(), 2u);
  EXPECT_EQ(count(*n2, "watches"), 0u);
  EXPECT_EQ(count(*n2, "sessions"), 0u);
}

TEST_P(watch_test, what_is_watched_is_let_go_with_the_worker_that_watches) {
  start(*n2, "mortal");
  watch({"up", "mortal"});
  EXPECT_EQ(count(*n2, "watches"), 1u);
  w->stop();
  net.run();
  net.run();
  EXPECT_EQ(count(*n2, "watches"), 0u);
  EXPECT_EQ(count(*n2, "sessions"), 0u);
}

TEST_P(watch_test, an_address_that_goes_to_another_worker_is_the_end_of_the_one_that_had_it) {
  start(n1, "first");
  start(n1, "second");
  n1.reactor().post([&] { EXPECT_TRUE(n1.workers().alias(address{"name"}, address{"first"})); });
  net.run();
  watch({"name"});
  n1.reactor().post([&] { EXPECT_TRUE(n1.workers().alias(address{"name"}, address{"second"})); });
  net.run();
  EXPECT_EQ(w->last(), "closed: the worker at 0#name is no more");
}

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

//   n1: watcher ══ dialled ══▶ a peer that the test plays: as a real Ockam node does (tests/data/wire), it says nothing to what is
//   for no worker of it, and its echo answers
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

//   n1: watcher ══▶ n2, whose listener admits what a test says
class watch_rights : public watch_test {
 protected:
  std::string watched(const std::vector<std::string>& allow, const route& behind) {
    auto link = n1.connect(n2->listen("127.0.0.1:0", allow));
    EXPECT_TRUE(link);
    route to{*link};
    to.insert(to.end(), behind.begin(), behind.end());
    watch(to);
    net.advance(3s);
    auto out = w->last();
    auto at = out.find(to_string(*link));
    return at == out.npos ? out : out.replace(at, to_string(*link).size(), "LINK");
  }
};

INSTANTIATE_TEST_SUITE_P(on, watch_rights, ::testing::Values(worker_thread::socket));

TEST_P(watch_rights, who_may_reach_one_worker_may_watch_that_one_and_learns_nothing_of_others) {
  start(*n2, "mortal");
  start(*n2, "secret");
  EXPECT_EQ(watched({"mortal"}, {"mortal"}), "nothing");
  EXPECT_EQ(watched({"mortal"}, {"secret"}),
            "undeliverable: the node there does not let this one reach LINK => 0#secret");
  EXPECT_EQ(watched({"mortal"}, {"nobody"}),
            "undeliverable: the node there does not let this one reach LINK => 0#nobody");
  EXPECT_EQ(watched({"absent"}, {"absent"}), "undeliverable: there is no worker at LINK => 0#absent");
}

TEST_P(watch_rights, who_may_reach_nothing_may_watch_nothing) {
  start(*n2, "mortal");
  EXPECT_EQ(watched({"nothing"}, {"mortal"}), "nothing");
  net.advance(7s);
  EXPECT_EQ(w->told.size(), 1u);
  EXPECT_NE(w->last().find("does not let this peer reach"), std::string::npos) << w->last();
  EXPECT_EQ(count(*n2, "sessions"), 0u);
}

TEST_P(watch_rights, who_has_lost_the_right_meanwhile_is_not_told_how_it_ended) {
  start(*n2, "mortal");
  auto at = n2->listen("127.0.0.1:0", {"mortal"});
  auto link = n1.connect(at);
  ASSERT_TRUE(link);
  EXPECT_EQ(watch({*link, address{"mortal"}}), "nothing");
  n2->reactor().post([&] { EXPECT_TRUE(n2->tcp().admit(at, {"other"})); });
  net.run();
  n2->send({"mortal"}, "throw");
  EXPECT_EQ(w->last(),
            "undeliverable: the node there does not let this one reach " + to_string(*link) + " => 0#mortal");
}

TEST_P(watch_rights, a_hop_lets_others_watch_what_it_lets_them_reach) {
  n2->start("hop");
  start(*n2, "mortal");
  EXPECT_EQ(watched({"hop"}, {"hop", "mortal"}), "nothing");
  stop(*n2, "mortal");
  EXPECT_EQ(w->told.size(), 1u);
}

/// Says that it knows no session.
class forgetful_server final : public worker {
 public:
  void on_message(message_ptr m) override {
    auto p = watch::decode_ping(m->bytes());
    ASSERT_TRUE(p);
    watch::pong none;
    none.session = p->session;
    none.state = watch::standing::unknown;
    auto body = watch::encode(none);
    reply(std::move(m), std::move(body));
  }
};

/// Asks the watches of n2 by hand.
class watch_server_test : public watch_test {
 protected:
  payload ping(const std::string& session, std::uint64_t first, std::vector<watch::change> changes,
               std::uint64_t seen = 0) {
    watch::ping p;
    p.session = session;
    p.first = first;
    p.seen = seen;
    p.changes = std::move(changes);
    return watch::encode(p);
  }
  void say(const payload& body) { n1.send({"up", std::string{watch_address}}, body.text(), "me"); }
  static std::string session(int i) {
    auto digits = std::to_string(i);
    return std::string(watch::session_length - digits.size(), '0') + digits;
  }
};

INSTANTIATE_TEST_SUITE_P(on, watch_server_test, ::testing::Values(worker_thread::socket));

TEST_P(watch_server_test, a_watcher_that_never_comes_back_is_forgotten_after_its_lease) {
  start(*n2, "mortal");
  say(ping(session(1), 1, {{"mortal"}}));
  EXPECT_EQ(count(*n2, "watches"), 1u);
  net.advance(29s);
  EXPECT_EQ(count(*n2, "watches"), 1u);
  net.advance(10s);
  EXPECT_EQ(count(*n2, "watches") + count(*n2, "sessions"), 0u);
}

TEST_P(watch_server_test, a_watcher_whose_link_has_ended_is_forgotten_sooner) {
  start(*n2, "mortal");
  auto link = n1.connect(where);
  ASSERT_TRUE(link);
  n1.send({*link, address{std::string{watch_address}}}, ping(session(1), 1, {{"mortal"}}).text(), "me");
  say(ping(session(2), 1, {{"mortal"}}));
  EXPECT_EQ(count(*n2, "watches"), 2u);
  n1.reactor().post([&] { EXPECT_TRUE(n1.tcp().close_link(link->name)); });
  net.advance(17s);
  EXPECT_EQ(count(*n2, "watches"), 1u);
}

TEST_P(watch_server_test, a_hundred_thousand_watchers_by_one_link_are_bounded_and_others_are_served) {
  start(*n2, "mortal");
  for (int i = 0; i < 1'000; ++i)
    say(ping(session(i), 1, std::vector<watch::change>(100, {"mortal"})));
  EXPECT_EQ(count(*n2, "sessions"), watch_server::most_sessions_of_link);
  EXPECT_EQ(count(*n2, "refused"), 1'000 - watch_server::most_sessions_of_link);
  std::vector<watch::change> many(1'000, {"mortal"});
  for (std::uint64_t i = 0; i < 100; ++i)
    say(ping(session(0), 101 + i * 1'000, many));
  EXPECT_EQ(count(*n2, "watches"), watch_server::most_items_of_link);
  auto other = n1.connect(where);
  ASSERT_TRUE(other);
  watch({*other, address{"mortal"}});
  EXPECT_EQ(count(*n2, "watches"), watch_server::most_items_of_link + 1);
  stop(*n2, "mortal");
  EXPECT_EQ(w->told.size(), 1u);
  net.advance(40s);
  EXPECT_EQ(count(*n2, "watches") + count(*n2, "sessions"), 0u);
}

TEST_P(watch_server_test, a_watch_that_is_not_taken_is_one_too_many_and_is_told_so) {
  start(*n2, "mortal");
  std::vector<watch::change> many(1'000, {"mortal"});
  for (std::uint64_t i = 0; i < 70; ++i)
    say(ping(session(0), 1 + i * 1'000, many));
  ASSERT_EQ(count(*n2, "watches"), watch_server::most_items_of_link);
  watch({"up", "mortal"});
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(w->last(), "nothing");
    net.advance(1s);
    say(ping(session(0), 1 + 70'000, {})); // stays
  }
  net.advance(6s);
  EXPECT_EQ(w->last(), "limit-reached: the node at 0#up tells of no more workers");
}

TEST_P(watch_server_test, a_node_that_knows_no_session_of_ours_is_asked_twice_a_second_at_most) {
  auto made = std::make_unique<faulty_hop>();
  auto* between = made.get();
  n1.start("between", std::move(made));
  EXPECT_TRUE(n2->workers().stop(address{std::string{watch_address}}));
  net.run();
  n2->start(std::string{watch_address}, std::make_unique<forgetful_server>());
  watch({"between", "up", "mortal"});
  net.advance(10s);
  EXPECT_LE(between->seen, 100u);
  EXPECT_EQ(w->last(), "nothing") << "it lives";
}

TEST_P(watch_server_test, who_never_acknowledges_what_is_told_is_told_no_more) {
  for (std::uint64_t i = 0; i < 10; ++i)
    say(ping(session(0), 1 + i * 1'000, std::vector<watch::change>(1'000, {"nobody"})));
  EXPECT_EQ(count(*n2, "watches"), watch_server::most_unseen);
}

TEST_P(watch_server_test, what_is_no_ping_is_counted_and_goes_nowhere) {
  for (const auto* bad : {"", "hello", "\x01\x02", "\x01\x01\x20too short"})
    n1.send({"up", std::string{watch_address}}, bad, "me");
  auto whole = ping(session(0), 1, {{"mortal"}});
  for (std::size_t size = 0; size < whole.size(); ++size)
    n1.send({"up", std::string{watch_address}}, whole.text().substr(0, size), "me");
  EXPECT_GT(count(*n2, "malformed"), 30u);
  EXPECT_EQ(count(*n2, "sessions"), 0u);
}

} // namespace
} // namespace ockam::sim
