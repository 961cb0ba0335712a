// SPDX-License-Identifier: Apache-2.0
// The relay service as a peer over TCP meets it: registrations and what a relay does with messages, as recorded between
// nodes of the reference; who reaches whom; limits; and what is left of a relay.
#include "sim/relays/support.hpp"
#include "sim/support/talker.hpp"
#include "sim/transports/udp/udp_link_fixture.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

node_config config_with(limits limit) {
  node_config c;
  c.name = "relay";
  c.limit = limit;
  c.listeners.push_back({"main", "tcp", "127.0.0.1:4000", {}});
  c.listeners.push_back({"closed", "tcp", "127.0.0.1:4001", {"nothing"}});
  c.listeners.push_back({"only", "tcp", "127.0.0.1:4002", {"forwarding_service"}});
  return c;
}

//   behind ══▶ relay ◀══ sender, other
class relay_service_test : public testing::Test {
 protected:
  explicit relay_service_test(limits limit = {}) : relay{net, config_with(limit), services_with_relays()} {}

  /// Registers `name` from `who`, and gives what comes back.
  std::string ask_for(talker& who, std::string_view name, const route& service = {"forwarding_service"},
                      const route& back = {"me"}, bool report = true) {
    who.frames.clear();
    who.end.send(frame(service, back, bare_text(name), report));
    who.drain();
    return who.frames.empty() ? "nothing" : said(who.frames.back());
  }
  static std::string said(const received_frame& f) {
    auto text = payload_text_of(f);
    return f.extras.empty() ? text : f.extras;
  }
  static std::string payload_text_of(const received_frame& f) { return f.body.size() > 1 ? f.body.substr(1) : f.body; }
  void say(talker& who, const route& to, std::string_view body, bool report = false) {
    who.end.send(frame(to, {"asker"}, body, report));
    who.drain();
  }
  /// The frames that `who` has got since the last look.
  std::vector<received_frame> take(talker& who) {
    who.drain();
    return std::exchange(who.frames, {});
  }
  std::size_t relays() {
    std::size_t n = 0;
    relay.board().each([&](const address&, const worker_entry& e) { n += e.type == "relay"; });
    return n;
  }

  network net;
  node relay;
  talker behind{net, "127.0.0.1:4000"}, sender{net, "127.0.0.1:4000"};
};

TEST_F(relay_service_test, both_names_of_the_service_answer_as_recorded) {
  for (route service : {route{"forwarding_service"}, route{"static_forwarding_service"}}) {
    EXPECT_EQ(ask_for(behind, "n3", service), "forward_to_n3");
    ASSERT_EQ(behind.frames.size(), 1u);
    EXPECT_EQ(behind.frames[0].onward, route{"me"});
    EXPECT_EQ(behind.frames[0].back, route{"forward_to_n3"});
    EXPECT_EQ(behind.frames[0].body, bare_text("forward_to_n3"));
  }
}

TEST_F(relay_service_test, a_message_takes_the_way_of_the_registration_and_keeps_its_return_route) {
  ask_for(behind, "n3");
  say(sender, {"forward_to_n3", "uppercase"}, "x");
  auto got = take(behind);
  ASSERT_FALSE(got.empty());
  EXPECT_EQ(got.back().onward, route{"uppercase"});
  ASSERT_EQ(got.back().back.size(), 2u);
  EXPECT_EQ(got.back().back.back(), address{"asker"});
  EXPECT_EQ(got.back().back.front().name.size(), 32u) << "the sender's link, not the relay";
}

TEST_F(relay_service_test, answers_go_straight_to_the_sender_and_further_messages_may_leave_out_the_relay) {
  ask_for(behind, "n3");
  say(sender, {"forward_to_n3", "uppercase"}, "question");
  auto got = take(behind).back();
  behind.end.send(frame(got.back, {"uppercase"}, "answer"));
  auto answer = take(sender);
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_EQ(answer[0].onward, route{"asker"});
  EXPECT_EQ(answer[0].body, "answer");
  ASSERT_EQ(answer[0].back.size(), 2u);
  say(sender, answer[0].back, "more");
  EXPECT_EQ(take(behind).back().body, "more");
}

/// Streams of another implementation, which cannot mark them, once both ends have learned the straight way.
TEST_F(relay_service_test, a_flow_of_another_implementation_that_leaves_out_the_relay_has_no_hole) {
  ask_for(behind, "n3");
  take(behind);
  sender.end.send(foreign_frame({"forward_to_n3", "outlet"}, {"inlet"}, "begin"));
  auto way = take(behind).back().back;
  sender.drain();
  sender.end.window(0);
  for (std::size_t i = 0; i < 100; ++i)
    behind.end.send(foreign_frame(way, {"outlet"}, numbered(i, 64u << 10)));
  net.advance(5s); // the stall, and what follows it
  sender.end.window(1u << 20);
  for (int i = 0; i < 100; ++i) {
    net.advance(10ms);
    sender.take();
  }
  for (std::size_t i = 100; i < 110; ++i)
    behind.end.send(foreign_frame(way, {"outlet"}, numbered(i, 1'000)));
  auto got = take(sender);
  ASSERT_GT(got.size(), 0u);
  EXPECT_LT(got.size(), 100u);
  for (std::size_t i = 0; i < got.size(); ++i)
    ASSERT_EQ(got[i].body, numbered(i, 64u << 10)) << "a prefix, and nothing behind it";
  EXPECT_GT(relay.board().dropped()[drop_reason::stream_broken], 0u);
}

TEST_F(relay_service_test, a_relay_opens_the_way_for_its_own_sender_and_for_no_other) {
  talker other{net, "127.0.0.1:4000"};
  ask_for(behind, "n3");
  say(sender, {"forward_to_n3", "uppercase"}, "question");
  auto got = take(behind).back();
  behind.end.send(frame(got.back, {"uppercase"}, "answer"));
  auto way = take(sender).back().back;
  say(other, way, "from another", true);
  EXPECT_TRUE(take(behind).empty());
  say(other, {got.back.front(), "asker"}, "to the sender", true);
  EXPECT_TRUE(take(sender).empty());
  EXPECT_EQ(relay.board().dropped()[drop_reason::refused], 2u);
}

TEST_F(relay_service_test, a_relay_does_not_open_a_hop_to_the_node_behind_it) {
  ask_for(behind, "n3");
  relay.send({"hop", "forward_to_n3", "echo"}, "x");
  auto got = take(behind).back();
  ASSERT_EQ(got.back.front(), address{"hop"});
  behind.end.send(frame({"hop", "uppercase"}, {"me"}, bare_text("x"), true));
  EXPECT_NE(take(behind).back().extras.find("refused"), std::string::npos)
    << "the hop of each node is for local senders";
}

TEST_F(relay_service_test, what_is_sent_from_the_relay_node_itself_is_answered) {
  ask_for(behind, "n3");
  auto box = std::make_unique<mailbox>();
  auto& got = box->got;
  relay.start("asker", std::move(box));
  relay.send({"forward_to_n3", "echo"}, "x", "asker");
  behind.end.send(frame(take(behind).back().back, {"echo"}, "y"));
  net.run();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]->body.text(), "y");
}

TEST_F(relay_service_test, who_may_not_reach_the_service_reaches_neither_that_nor_relays) {
  ask_for(behind, "n3");
  take(behind);
  talker stranger{net, "127.0.0.1:4001"};
  EXPECT_NE(ask_for(stranger, "mine").find("refused"), std::string::npos);
  say(stranger, {"forward_to_n3", "echo"}, "x", true);
  EXPECT_NE(take(stranger).back().extras.find("refused"), std::string::npos);
  EXPECT_TRUE(take(behind).empty());
  EXPECT_EQ(relays(), 1u);
}

TEST_F(relay_service_test, a_listener_may_admit_the_service_and_nothing_else) {
  talker member{net, "127.0.0.1:4002"};
  EXPECT_EQ(ask_for(member, "m"), "forward_to_m");
  say(member, {"echo"}, "x", true);
  EXPECT_NE(take(member).back().extras.find("refused"), std::string::npos);
  say(sender, {"forward_to_m", "echo"}, "x");
  EXPECT_EQ(take(member).size(), 1u);
}

TEST_F(relay_service_test, the_last_registration_of_a_name_wins_at_once) {
  talker second{net, "127.0.0.1:4000"};
  ask_for(behind, "n3");
  EXPECT_EQ(ask_for(second, "n3"), "forward_to_n3");
  take(behind), take(second);
  say(sender, {"forward_to_n3", "echo"}, "x");
  EXPECT_TRUE(take(behind).empty());
  EXPECT_EQ(take(second).size(), 1u);
  EXPECT_EQ(relays(), 1u);
}

TEST_F(relay_service_test, a_name_registered_from_50_addresses_in_a_row_is_one_relay_of_the_last) {
  for (int i = 0; i < 50; ++i) {
    talker once{net, "127.0.0.1:4000"};
    EXPECT_EQ(ask_for(once, "n3"), "forward_to_n3");
  }
  ask_for(behind, "n3");
  net.advance(2s);
  EXPECT_EQ(relays(), 1u);
  say(sender, {"forward_to_n3", "echo"}, "x");
  EXPECT_EQ(take(behind).back().body, "x");
}

TEST_F(relay_service_test, a_node_that_has_proved_who_it_is_loses_its_name_to_nobody_else) {
  auto path = relay.listen("/run/relay.sock", {"services"}, "uds");
  talker proved{net, path}, same{net, path};
  EXPECT_EQ(ask_for(proved, "n3"), "forward_to_n3");
  EXPECT_NE(ask_for(behind, "n3").find("belongs to a node that has proved who it is"), std::string::npos);
  EXPECT_EQ(ask_for(same, "n3"), "forward_to_n3");
  take(proved), take(same);
  say(sender, {"forward_to_n3", "echo"}, "x");
  EXPECT_EQ(take(same).size(), 1u);
  same.end.close();
  net.run();
  EXPECT_EQ(ask_for(behind, "n3"), "forward_to_n3") << "it has left";
}

TEST_F(relay_service_test, a_relay_whose_node_is_gone_says_so_and_then_goes_as_well) {
  ask_for(behind, "n3");
  behind.end.close();
  net.run();
  say(sender, {"forward_to_n3", "echo"}, "x", true);
  EXPECT_NE(take(sender).back().extras.find("link-down"), std::string::npos);
  net.advance(2s);
  EXPECT_EQ(relays(), 0u);
  say(sender, {"forward_to_n3", "echo"}, "x", true);
  EXPECT_NE(take(sender).back().extras.find("unknown-worker"), std::string::npos);
}

TEST_F(relay_service_test, no_name_takes_the_place_of_another_worker) {
  relay.start("forward_to_mine", std::make_unique<mailbox>());
  EXPECT_NE(ask_for(behind, "mine").find("taken by a worker"), std::string::npos);
  EXPECT_EQ(ask_for(behind, "echo"), "forward_to_echo");
  say(sender, {"echo"}, "x");
  EXPECT_EQ(take(sender).back().body, "x") << "that is another one";
}

TEST_F(relay_service_test, a_registration_without_a_worker_to_answer_makes_no_hop) {
  behind.end.send(frame({"forwarding_service"}, {}, bare_text("n3")));
  behind.drain();
  EXPECT_EQ(relays(), 0u);
  say(sender, {"forward_to_n3", "_internal.control"}, "x", true);
  EXPECT_NE(take(sender).back().extras.find("unknown-worker"), std::string::npos);
}

TEST_F(relay_service_test, a_worker_of_the_relay_node_gets_no_relay) {
  relay.send({"forwarding_service"}, bare_text("n3"), "asker", true);
  EXPECT_EQ(relays(), 0u);
}

TEST_F(relay_service_test, a_route_that_ends_at_the_relay_is_a_bad_one) {
  ask_for(behind, "n3");
  say(sender, {"forward_to_n3"}, "x", true);
  EXPECT_NE(take(sender).back().extras.find("bad-route"), std::string::npos);
}

TEST_F(relay_service_test, a_circle_of_relays_ends) {
  ask_for(behind, "a", {"forwarding_service"}, {"forward_to_b", "me"});
  ask_for(sender, "b", {"forwarding_service"}, {"forward_to_a", "me"});
  // The two peers hand back whatever comes, as two relay nodes would.
  say(behind, {"forward_to_b", "x"}, "round", true);
  std::size_t rounds = 0;
  for (bool moved = true; moved && rounds < 5000;) {
    moved = false;
    for (auto* peer : {&behind, &sender})
      for (auto& f : take(*peer))
        if (f.body == "round") {
          peer->end.send(frame(f.onward, f.back, f.body));
          moved = true;
          ++rounds;
        }
  }
  EXPECT_LT(rounds, 5000u);
  EXPECT_GT(rounds, 10u);
}

TEST_F(relay_service_test, senders_that_take_turns_each_get_their_answers) {
  talker other{net, "127.0.0.1:4000"};
  ask_for(behind, "n3");
  take(behind);
  for (int i = 0; i < 3; ++i)
    for (auto* who : {&sender, &other}) {
      say(*who, {"forward_to_n3", "echo"}, numbered(static_cast<std::size_t>(i), 8));
      auto asked = take(behind);
      ASSERT_EQ(asked.size(), 1u);
      behind.end.send(frame(asked[0].back, {"echo"}, asked[0].body));
      auto answer = take(*who);
      ASSERT_EQ(answer.size(), 1u);
      EXPECT_EQ(answer[0].body, numbered(static_cast<std::size_t>(i), 8));
    }
}

TEST_F(relay_service_test, stopping_the_service_ends_its_relays) {
  ask_for(behind, "a");
  ask_for(sender, "b");
  ASSERT_TRUE(relay.workers().stop(address{"forwarding_service"}));
  net.run();
  EXPECT_EQ(relays(), 0u);
}

limits few_relays() {
  limits l;
  l.max_relays = 6;
  l.max_relays_per_peer = 3;
  l.max_relay_name = 8;
  return l;
}

class relay_limits : public relay_service_test {
 protected:
  relay_limits() : relay_service_test{few_relays()} {}
};

TEST_F(relay_limits, each_is_named_when_it_is_met) {
  for (auto name : {"a", "b", "c"})
    EXPECT_EQ(ask_for(behind, name), std::string{"forward_to_"} + name);
  EXPECT_NE(ask_for(behind, "d").find("max-relays-per-peer allows: 3"), std::string::npos);
  ask_for(sender, "e"), ask_for(sender, "f");
  EXPECT_NE(ask_for(sender, "g").find("the peers of this listener have as many relays as leave room for others: max-relays is 6"), std::string::npos);
  EXPECT_NE(ask_for(sender, "123456789").find("max-relay-name is 8"), std::string::npos);
  talker of_other_listener{net, "127.0.0.1:4002"};
  EXPECT_EQ(ask_for(of_other_listener, "h"), "forward_to_h");
  EXPECT_NE(ask_for(of_other_listener, "i").find("max-relays allows: 6"), std::string::npos);
  EXPECT_EQ(relays(), 6u);
}

TEST_F(relay_limits, who_takes_a_name_over_needs_no_room_that_it_leaves) {
  for (auto name : {"a", "b", "c"})
    ask_for(behind, name);
  ask_for(sender, "e"), ask_for(sender, "f");
  talker third{net, "127.0.0.1:4000"};
  EXPECT_EQ(ask_for(third, "a"), "forward_to_a");
  talker of_other_listener{net, "127.0.0.1:4002"};
  EXPECT_EQ(ask_for(of_other_listener, "b"), "forward_to_b");
  EXPECT_NE(ask_for(third, "g").find("leave room for others"), std::string::npos);
  EXPECT_NE(ask_for(of_other_listener, "g").find("leave room for others"), std::string::npos); // the last is for a listener that has none
}

// Of one socket, that of a UDP listener.
TEST_F(relay_limits, peers_of_a_udp_listener_count_one_by_one) {
  auto at = relay.listen("127.0.0.1:0", {"services"}, "udp");
  port first{net.datagrams(), "127.0.0.1:40000"}, second{net.datagrams(), "127.0.0.1:40001"};
  std::uint16_t number = 0;
  auto ask = [&](port& who, std::string_view name) {
    for (const auto& d : datagrams(++number, message_to({"forwarding_service"}, {"me"}, bare_text(name), true)))
      who.send(at, d);
    net.run();
    auto got = messages(who.receive());
    return got.empty() ? std::string{"nothing"} : said(got.back());
  };
  for (auto name : {"a", "b", "c"})
    EXPECT_EQ(ask(first, name), std::string{"forward_to_"} + name);
  EXPECT_NE(ask(first, "d").find("max-relays-per-peer allows: 3"), std::string::npos);
  EXPECT_EQ(ask(second, "d"), "forward_to_d");
  EXPECT_EQ(ask(second, "e"), "forward_to_e");
  EXPECT_NE(ask(second, "f").find("leave room for others"), std::string::npos);
  EXPECT_EQ(ask_for(behind, "f"), "forward_to_f");
}

TEST_F(relay_service_test, a_relay_of_a_udp_peer_ends_when_that_has_been_silent_for_long) {
  auto at = relay.listen("127.0.0.1:0", {"services"}, "udp");
  port talks{net.datagrams(), "127.0.0.1:40000"}, leaves{net.datagrams(), "127.0.0.1:40001"};
  std::uint16_t number = 0;
  auto say_to = [&](port& who, const route& to, std::string_view what) {
    for (const auto& d : datagrams(++number, message_to(to, {"me"}, what)))
      who.send(at, d);
    net.run();
    return messages(who.receive()).size();
  };
  EXPECT_EQ(say_to(talks, {"forwarding_service"}, bare_text("a")), 1u);
  EXPECT_EQ(say_to(leaves, {"forwarding_service"}, bare_text("b")), 1u);
  for (int minutes = 0; minutes < 4; ++minutes) {
    net.advance(1min);
    EXPECT_EQ(say_to(talks, {"echo"}, "x"), 1u);
    EXPECT_EQ(relays(), 2u);
  }
  for (int minutes = 0; minutes < 3; ++minutes) {
    net.advance(1min);
    EXPECT_EQ(say_to(talks, {"echo"}, "x"), 1u);
  }
  EXPECT_TRUE(relay.board().find(address{"forward_to_a"}));
  EXPECT_FALSE(relay.board().find(address{"forward_to_b"}));
}

TEST_F(relay_limits, who_registers_a_name_again_needs_no_more_room_and_who_goes_makes_some) {
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(ask_for(behind, "a"), "forward_to_a");
  ask_for(behind, "b"), ask_for(behind, "c");
  EXPECT_EQ(ask_for(sender, "a"), "forward_to_a");
  EXPECT_EQ(ask_for(behind, "d"), "forward_to_d");
  behind.end.close();
  net.advance(2s);
  EXPECT_EQ(relays(), 1u);
  EXPECT_EQ(ask_for(sender, "x"), "forward_to_x");
}

TEST_F(relay_service_test,
       ten_thousand_registrations_of_one_peer_leave_as_many_as_are_allowed_and_nothing_when_it_is_gone) {
  net.run();
  auto before = relay.board().size();
  {
    talker greedy{net, "127.0.0.1:4000"};
    for (int i = 0; i < 10'000; ++i) {
      greedy.end.send(frame({"forwarding_service"}, {"me"}, bare_text("n" + std::to_string(i))));
      if (i % 100 == 0)
        greedy.drain();
    }
    greedy.drain();
    EXPECT_EQ(relays(), limits{}.max_relays_per_peer);
  }
  net.advance(2s);
  EXPECT_EQ(relays(), 0u);
  EXPECT_EQ(relay.board().size(), before);
  EXPECT_EQ(relay.budget().used(), 0u);
}

TEST_F(relay_service_test, a_name_registered_ten_thousand_times_by_one_peer_is_one_relay_and_each_is_answered) {
  ask_for(behind, "n3");
  take(behind);
  auto before = relay.board().size();
  std::size_t answers = 0;
  for (int i = 0; i < 10'000; ++i) {
    behind.end.send(frame({"forwarding_service"}, {"me"}, bare_text("n3")));
    if (i % 100 == 99)
      answers += take(behind).size();
  }
  EXPECT_EQ(answers, 10'000u);
  EXPECT_EQ(relays(), 1u);
  EXPECT_EQ(relay.board().size(), before);
  EXPECT_EQ(relay.budget().used(), 0u);
  EXPECT_LE(relay.board().find(address{"forward_to_n3"})->consumer_of.size(), 3u);
}

TEST_F(relay_service_test, strangers_of_one_listener_cannot_take_the_relays_of_anothers_peers) {
  std::vector<std::unique_ptr<talker>> strangers;
  for (int i = 0; i < 17; ++i) {
    auto& t = *strangers.emplace_back(std::make_unique<talker>(net, "127.0.0.1:4000"));
    for (std::size_t n = 0; n < limits{}.max_relays_per_peer; ++n)
      t.end.send(frame({"forwarding_service"}, {"me"}, bare_text(std::to_string(i) + "-" + std::to_string(n))));
    t.drain();
  }
  EXPECT_EQ(relays(), limits{}.max_relays / 16 * 15);
  talker member{net, "127.0.0.1:4002"};
  for (auto name : {"m1", "m2", "m3"})
    EXPECT_EQ(ask_for(member, name), std::string{"forward_to_"} + name);
  strangers.clear();
  net.advance(2s);
  EXPECT_EQ(relays(), 3u);
}

} // namespace
} // namespace ockam::sim
