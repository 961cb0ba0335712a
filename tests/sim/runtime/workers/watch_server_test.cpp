// SPDX-License-Identifier: Apache-2.0
// What a node takes from those who watch its workers: what is too much, wrong, or never heard of again.

#include "sim/support/watch_test.hpp"

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

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

/// Keeps what it is told.
class told_worker final : public worker {
 public:
  void on_message(message_ptr m) override {
    auto p = watch::decode_pong(m->bytes());
    ASSERT_TRUE(p);
    firsts.push_back(p->first);
    downs.push_back(p->downs.size());
  }
  std::vector<std::uint64_t> firsts;
  std::vector<std::size_t> downs;
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
  void say(const payload& body, const address& by = {"up"}) {
    n1.send({by, address{std::string{watch_address}}}, body.text(), "me");
  }
  address another_link() {
    auto link = n1.connect(where);
    EXPECT_TRUE(link);
    return *link;
  }
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
  say(ping(session(1), 1, {{"mortal"}}), *link);
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

TEST_P(watch_server_test, peers_that_take_all_sessions_by_many_links_leave_room_for_what_the_node_watches_itself) {
  start(*n2, "mortal");
  int taken = 0;
  for (std::size_t i = 0; i <= watch_server::most_sessions / watch_server::most_sessions_of_link; ++i)
    for (auto by = another_link(); taken < static_cast<int>((i + 1) * watch_server::most_sessions_of_link);)
      say(ping(session(taken++), 1, {{"mortal"}}), by);
  ASSERT_EQ(count(*n2, "sessions"), watch_server::most_sessions);
  auto* local = new_watcher(*n2, "local");
  local->watch({"mortal"});
  net.run();
  EXPECT_EQ(count(*n2, "sessions"), watch_server::most_sessions + 1);
  stop(*n2, "mortal");
  EXPECT_EQ(local->last(), "closed: the worker at 0#mortal is no more: it was stopped");
}

TEST_P(watch_server_test, peers_that_take_all_watches_by_many_links_leave_room_for_what_the_node_watches_itself) {
  start(*n2, "mortal");
  std::vector<watch::change> many(1'000, {"mortal"});
  for (int link = 0; link < 4; ++link) {
    auto by = another_link();
    for (std::uint64_t i = 0; i < 60; ++i)
      say(ping(session(link), 1 + i * 1'000, many), by);
  }
  ASSERT_EQ(count(*n2, "watches"), watch_server::most_items);
  auto* local = new_watcher(*n2, "local");
  local->watch({"mortal"});
  net.run();
  EXPECT_EQ(count(*n2, "watches"), watch_server::most_items + 1);
  stop(*n2, "mortal");
  EXPECT_EQ(local->last(), "closed: the worker at 0#mortal is no more: it was stopped");
}

TEST_P(watch_server_test, a_session_moves_to_another_link_only_when_there_is_room) {
  start(*n2, "mortal");
  say(ping(session(0), 1, {{"mortal"}}));
  auto full = another_link(), free = another_link();
  for (std::size_t i = 1; i <= watch_server::most_sessions_of_link; ++i)
    say(ping(session(static_cast<int>(i)), 1, {{"mortal"}}), full);
  EXPECT_EQ(count(*n2, "refused"), 0u);
  say(ping(session(0), 2, {{"mortal"}}), full);
  EXPECT_EQ(count(*n2, "refused"), 1u);
  EXPECT_EQ(count(*n2, "watches"), watch_server::most_sessions_of_link + 1) << "its change was not taken";
  say(ping(session(0), 2, {{"mortal"}}), free);
  EXPECT_EQ(count(*n2, "watches"), watch_server::most_sessions_of_link + 2);
  say(ping(session(1), 2, {{"mortal"}}), free);
  say(ping(session(999), 1, {{"mortal"}}), full);
  EXPECT_EQ(count(*n2, "refused"), 1u) << "the one that has moved has left room";
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

TEST_P(watch_server_test, each_end_is_told_at_once_alone_and_what_is_not_acknowledged_again_only_in_answers) {
  auto made = std::make_unique<told_worker>();
  auto* me = made.get();
  n1.start("me", std::move(made));
  std::vector<watch::change> all;
  for (const auto* name : {"m1", "m2", "m3"}) {
    start(*n2, name);
    all.push_back({name});
  }
  say(ping(session(0), 1, all));
  for (const auto& c : all)
    stop(*n2, std::string{c.name});
  EXPECT_EQ(me->firsts, (std::vector<std::uint64_t>{1, 1, 2, 3}));
  EXPECT_EQ(me->downs, (std::vector<std::size_t>{0, 1, 1, 1}));
  say(ping(session(0), 4, {}, 1));
  EXPECT_EQ(me->firsts.back(), 2u);
  EXPECT_EQ(me->downs.back(), 2u);
}

TEST_P(watch_server_test, who_acknowledges_what_was_never_told_is_told_what_ends_later) {
  auto made = std::make_unique<told_worker>();
  auto* me = made.get();
  n1.start("me", std::move(made));
  start(*n2, "mortal");
  say(ping(session(0), 1, std::vector<watch::change>(1'000, {"nobody"})));
  say(ping(session(0), 1'001, {{"mortal"}}, 999'999));
  stop(*n2, "mortal");
  EXPECT_EQ(me->firsts.back(), 1'001u);
  EXPECT_EQ(me->downs.back(), 1u);
}

TEST_P(watch_server_test, an_end_that_many_watch_is_told_in_several_turns_to_all_but_those_who_take_it_back_meanwhile) {
  start(*n2, "mortal");
  constexpr std::uint64_t many = 2 * watch_server::most_told_in_turn;
  auto ask = [&](const payload& body) { n2->send({std::string{watch_address}}, body.text(), "me"); };
  for (std::uint64_t i = 0; i < many; i += 1'024)
    ask(ping(session(0), 1 + i, std::vector<watch::change>(1'024, {"mortal"})));
  ask(ping(session(1), 1, {{"mortal"}}));
  ASSERT_EQ(count(*n2, "watches"), many + 1);
  n2->reactor().post([&] { EXPECT_TRUE(n2->workers().stop(address{"mortal"})); });
  ask(ping(session(1), 2, {{{}, 1}})); // before its turn
  EXPECT_EQ(count(*n2, "sessions"), 1u);
  EXPECT_EQ(count(*n2, "watches"), many) << "all others wait to be acknowledged";
  ask(ping(session(0), many + 1, {}, many));
  EXPECT_EQ(count(*n2, "sessions"), 0u);
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
