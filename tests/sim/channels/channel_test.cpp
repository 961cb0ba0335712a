// SPDX-License-Identifier: Apache-2.0
#include "sim/channels/channel_fixture.hpp"

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

TEST_F(secure_channel, carries_messages_and_their_answers) {
  connect();
  EXPECT_EQ(state(), "up");
  EXPECT_EQ(field(*a, "secure-channel", "c", "their_identifier"), id_b->name());
  EXPECT_EQ(ask({"c", "uppercase"}), "HELLO");
  EXPECT_EQ(ask({"c", "echo"}), "hello");
}

TEST_F(secure_channel, says_to_each_end_who_the_other_one_is) {
  connect({{"allow", "who"}});
  a->start("who", std::make_unique<who_asks>());
  EXPECT_EQ(ask({"c", "who"}), id_a->name());
  EXPECT_EQ(ask({"c", "hop", "who"}), id_a->name()) << "whose message it is does not change at a hop of the same node";
  EXPECT_EQ(ask({"who"}), "nobody");
}

TEST_F(secure_channel, what_a_message_says_of_itself_without_a_channel_counts_nothing) {
  auto link = a->connect(b_at);
  ASSERT_TRUE(link);
  EXPECT_EQ(ask({link->name, "who"}), "nobody");
}

TEST_F(secure_channel, carries_ten_thousand_messages_past_all_rekeys_in_order) {
  connect();
  admit_answers(a->board(), address{"me"}, address{"c"});
  for (int i = 0; i < 10'000; ++i) {
    got->clear(); // what is kept counts in the link's budget
    a->send({"c", "echo"}, std::to_string(i), "me");
    ASSERT_EQ(got->size(), 1u) << i;
    ASSERT_EQ(got->front()->body.text(), std::to_string(i));
  }
  EXPECT_EQ(field(*a, "secure-channel", "c", "not_opened"), "0");
}

TEST_F(secure_channel, carries_large_and_empty_payloads_unchanged) {
  connect();
  admit_answers(a->board(), address{"me"}, address{"c"});
  for (std::size_t size : {0u, 1u, 127u, 128u, 129u, 65'535u, 65'536u, 1'000'000u}) {
    got->clear();
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      body[i] = static_cast<char>(i * 31);
    a->send({"c", "echo"}, body, "me");
    ASSERT_EQ(got->size(), 1u) << size;
    EXPECT_EQ(got->front()->body.text(), body) << size;
  }
}

TEST_F(secure_channel, what_does_not_arrive_behind_it_is_reported_through_it) {
  connect();
  auto said = ask({"c", "nothere"});
  EXPECT_TRUE(said.find("nothere") != std::string::npos || said.find("does not let this peer reach") != std::string::npos) << said;
}

TEST_F(secure_channel, lets_nothing_in_that_its_listener_does_not_admit) {
  b->start("private", std::make_unique<mailbox>());
  auto& entry = *b->board().find(address{"private"});
  entry.consumer_of.clear();
  connect();
  EXPECT_NE(ask({"c", "private"}).find("does not let this peer reach"), std::string::npos);
  ASSERT_EQ(begin(*b, "secure-channel-listener", "inner", {{"allow", "private"}}), "");
  connect({{"to", "/ip4/127.0.0.1/tcp/4000/service/inner"}}, "d");
  EXPECT_EQ(ask({"d", "private"}), "nothing") << "it got there, and answers nothing";
  EXPECT_NE(ask({"d", "echo"}).find("does not let this peer reach"), std::string::npos);
}

TEST_F(secure_channel, lets_the_responder_reach_only_what_the_initiator_allows) {
  connect();
  auto mine = std::make_unique<mailbox>();
  auto& at_a = mine->got;
  a->start("inbox", std::move(mine));
  a->board().find(address{"inbox"})->consumer_of.clear();
  std::string back;
  b->board().each([&](const address& name, const worker_entry& e) {
    if (e.alias && e.type == "decryptor")
      back = name.name;
  });
  ASSERT_FALSE(back.empty());
  b->send({back, "inbox"}, "hello");
  EXPECT_TRUE(at_a.empty());
  end(*a, "secure-channel", "c");
  connect({{"allow", "inbox"}});
  b->board().each([&](const address& name, const worker_entry& e) {
    if (e.alias && e.type == "decryptor")
      back = name.name;
  });
  b->send({back, "inbox"}, "hello");
  ASSERT_EQ(at_a.size(), 1u);
  ASSERT_TRUE(at_a.front()->identity());
  EXPECT_EQ(*at_a.front()->identity(), id_b->name());
}

TEST_F(secure_channel, with_somebody_else_than_it_is_for_does_not_come_about) {
  connect({{"authorized", id_a->name()}}); // not id_b
  EXPECT_EQ(state(), "down");
  EXPECT_NE(field(*a, "secure-channel", "c", "reason").find("is not authorized"), std::string::npos);
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "opened"), "0");
}

TEST_F(secure_channel, whom_the_listener_does_not_take_learns_nothing_but_that_nothing_comes) {
  ASSERT_EQ(begin(*b, "secure-channel-listener", "private", {{"authorized", id_b->name()}}), "");
  connect({{"to", "/ip4/127.0.0.1/tcp/4000/service/private"}});
  ASSERT_TRUE(within(15s, [&] { return state() == "down"; }));
  EXPECT_EQ(field(*a, "secure-channel", "c", "reason").find("authorized"), std::string::npos);
  EXPECT_EQ(field(*b, "secure-channel-listener", "private", "opened"), "0");
  EXPECT_NE(field(*b, "secure-channel-listener", "private", "refused"), "0");
}

TEST_F(secure_channel, both_ends_may_name_each_other) {
  ASSERT_EQ(begin(*b, "secure-channel-listener", "private", {{"authorized", id_a->name()}}), "");
  connect({{"to", "/ip4/127.0.0.1/tcp/4000/service/private"}, {"authorized", id_b->name()}});
  EXPECT_EQ(ask({"c", "uppercase"}), "HELLO");
}

TEST_F(secure_channel, of_a_node_without_an_identity_is_refused) {
  node c{net, config_of("c", "127.0.0.1:4002"), services_with_relays()};
  EXPECT_NE(begin(c, "secure-channel", "x", {{"to", to_api}}).find("no identity"), std::string::npos);
  EXPECT_EQ(c.board().find(address{"api"}), nullptr);
}

TEST_F(secure_channel, keeps_each_message_for_5_s_while_it_is_made_anew) {
  connect();
  ASSERT_EQ(state(), "up");
  b.reset();
  ASSERT_TRUE(within(5s, [&] { return state() == "down"; }));
  admit_answers(a->board(), address{"me"}, address{"c"});
  got->clear();
  auto hello = bare_text("first");
  a->send({"c", "uppercase"}, hello, "me", true);
  net.advance(4s);
  a->send({"c", "uppercase"}, bare_text("second"), "me", true);
  net.advance(2s); // the first one has waited for 6 s, the second one for 2
  ASSERT_EQ(got->size(), 1u);
  EXPECT_NE(said().find("the channel is down"), std::string::npos) << said();
  got->clear();
  start_b();
  ASSERT_TRUE(within(2500ms, [&] { return !got->empty(); }));
  EXPECT_EQ(said(), "SECOND");
}

TEST_F(secure_channel, gives_nothing_that_it_has_kept_to_somebody_else_than_was_there) {
  connect();
  ASSERT_EQ(state(), "up");
  auto flow = field(*a, "secure-channel", "c", "flow_control_id");
  b.reset();
  ASSERT_TRUE(within(5s, [&] { return state() == "down"; }));
  got->clear();
  a->send({"c", "who"}, bare_text("for b alone"), "me", true);
  id_b = somebody();
  start_b();
  ASSERT_TRUE(within(5s, [&] { return !got->empty(); }));
  EXPECT_NE(said().find("somebody else than before"), std::string::npos) << said();
  ASSERT_TRUE(within(5s, [&] { return state() == "up"; })) << "nobody has said who may be there";
  EXPECT_EQ(field(*a, "secure-channel", "c", "their_identifier"), id_b->name());
  EXPECT_NE(field(*a, "secure-channel", "c", "flow_control_id"), flow) << "what was let in from the one before is not from this one";
  EXPECT_EQ(ask({"c", "uppercase"}), "HELLO");
}

TEST_F(secure_channel, goes_through_hops_and_the_answers_come_back) {
  node c{net, config_of("c", "127.0.0.1:4002"), services_with_relays()};
  c.start("hop", "hop2");
  auto to_b = c.connect(b_at);
  ASSERT_TRUE(to_b);
  connect({{"to", "/ip4/127.0.0.1/tcp/4002/service/hop/service/" + to_b->name + "/service/hop/service/api"}});
  EXPECT_EQ(state(), "up") << field(*a, "secure-channel", "c", "reason");
  EXPECT_EQ(ask({"c", "uppercase"}), "HELLO");
  EXPECT_EQ(ask({"c", "who"}), id_a->name());
}

TEST_F(secure_channel, goes_through_a_relay_that_sees_only_ciphertext) {
  node relay{net, config_of("relay", "127.0.0.1:4002"), services_with_relays()};
  b->reactor().post([&] {
    config_section r{"relay", "b", {{"at", "/ip4/127.0.0.1/tcp/4002"}, {"allow", "api"}}};
    ASSERT_TRUE(b->parts().facilities.find("relay")->begin(r));
  });
  net.run();
  net.advance(1s);
  connect({{"to", "/ip4/127.0.0.1/tcp/4002/service/forward_to_b/service/api"}, {"authorized", id_b->name()}});
  EXPECT_EQ(state(), "up") << field(*a, "secure-channel", "c", "reason");
  EXPECT_EQ(ask({"c", "who"}), id_a->name());
}

TEST_F(secure_channel, in_a_channel_shows_the_innermost_identity) {
  connect();
  connect({{"to", "/service/c/service/api"}}, "inner");
  EXPECT_EQ(state("inner"), "up") << field(*a, "secure-channel", "inner", "reason");
  EXPECT_EQ(ask({"inner", "uppercase"}), "HELLO");
  EXPECT_EQ(ask({"inner", "who"}), id_a->name());
}

TEST_F(secure_channel, several_over_one_link_do_not_disturb_each_other) {
  auto link = a->connect(b_at);
  ASSERT_TRUE(link);
  for (int i = 0; i < 20; ++i)
    connect({{"to", "/service/" + link->name + "/service/api"}}, "c" + std::to_string(i));
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(ask({"c" + std::to_string(i), "uppercase"}, "hello " + std::to_string(i)), "HELLO " + std::to_string(i));
  EXPECT_EQ(b->connections(), 1u);
  end(*a, "secure-channel", "c3");
  EXPECT_EQ(ask({"c4", "uppercase"}), "HELLO");
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "19");
}

TEST_F(secure_channel, ends_at_both_ends_when_one_ends_it) {
  connect();
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "1");
  end(*a, "secure-channel", "c");
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "0");
  EXPECT_EQ(a->board().find(address{"c"}), nullptr);
  EXPECT_EQ(ask({"c", "echo"}).find("hello"), std::string::npos);
}

TEST_F(secure_channel, in_a_channel_is_told_of_the_end_of_its_node_as_well) {
  connect();
  connect({{"to", "/service/c/service/api"}}, "d");
  connect({{"to", "/service/d/service/api"}}, "e");
  ASSERT_EQ(state("e"), "up");
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "3");
  a->stop();
  net.run();
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "0");
}

TEST_F(secure_channel, an_idle_one_asks_each_two_seconds_and_one_that_is_used_not_at_all) {
  connect();
  net.advance(5s);
  auto at_b = [&] { return b->board().deliveries(); };
  auto before = at_b();
  for (int i = 0; i < 100; ++i)
    net.advance(100ms);
  auto idle = at_b() - before;
  EXPECT_GT(idle, 0u);
  EXPECT_LE(idle, 2 * 3 * 5u) << "in 10 s: a question and its answer, each at most three deliveries, five times";
  ASSERT_EQ(ask({"c", "echo"}), "hello");
  before = at_b();
  std::uint64_t asked = 0;
  for (int i = 0; i < 10; ++i) {
    net.advance(1s);
    auto here = at_b();
    ASSERT_EQ(ask({"c", "echo"}), "hello");
    asked += at_b() - here;
  }
  EXPECT_EQ(at_b() - before, asked) << "no ping beside";
}

TEST_F(secure_channel, leaves_no_worker_and_no_flow_behind) {
  connect();
  end(*a, "secure-channel", "c");
  net.advance(2s);
  auto workers_a = a->board().size(), workers_b = b->board().size();
  for (int i = 0; i < 10; ++i) {
    connect();
    EXPECT_EQ(ask({"c", "echo"}), "hello");
    end(*a, "secure-channel", "c");
  }
  net.advance(2s);
  EXPECT_EQ(a->board().size(), workers_a);
  EXPECT_EQ(b->board().size(), workers_b);
}

TEST_F(secure_channel, takes_messages_while_it_is_being_made) {
  b.reset();
  connect();
  EXPECT_NE(state(), "up");
  admit_answers(a->board(), address{"me"}, address{"c"});
  for (int i = 0; i < 10; ++i)
    a->send({"c", "echo"}, std::to_string(i), "me");
  start_b();
  ASSERT_TRUE(within(5s, [&] { return got->size() == 10; })) << got->size();
  for (std::size_t i = 0; i < 10; ++i)
    EXPECT_EQ((*got)[i]->body.text(), std::to_string(i));
}

TEST_F(secure_channel, is_made_anew_within_five_seconds_of_the_other_nodes_restart) {
  connect();
  EXPECT_EQ(ask({"c", "echo"}), "hello");
  b.reset();
  start_b();
  EXPECT_TRUE(within(5s, [&] { return ask({"c", "echo"}) == "hello"; })) << state();
  EXPECT_EQ(field(*a, "secure-channel", "c", "openings"), "2");
}

TEST_F(secure_channel, is_made_anew_when_its_other_end_is_gone_without_a_word) {
  connect();
  // The worker at the other end ends, and what it says of that is lost.
  std::string back;
  b->board().each([&](const address& name, const worker_entry& e) {
    if (!e.alias && e.type == "decryptor")
      back = name.name;
  });
  b->board().remove(address{back});
  EXPECT_TRUE(within(5s, [&] { return field(*a, "secure-channel", "c", "openings") == "2"; })) << state();
  EXPECT_EQ(ask({"c", "echo"}), "hello");
}

TEST_F(secure_channel, stands_in_a_route_and_ends_with_its_user) {
  auto m = parse_multiaddr("/ip4/127.0.0.1/tcp/4000/secure/api/service/uppercase");
  ASSERT_TRUE(m);
  std::optional<made_route> made;
  a->reactor().post([&] {
    auto r = a->parts().routes(*m, {});
    ASSERT_TRUE(r);
    made = *std::move(r);
  });
  net.run();
  ASSERT_TRUE(made);
  EXPECT_EQ(ask(made->to), "HELLO");
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "1");
  a->reactor().post([&] { made.reset(); });
  net.run();
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "0");
}

TEST_F(secure_channel, two_in_one_route_are_one_in_the_other) {
  auto m = parse_multiaddr("/ip4/127.0.0.1/tcp/4000/secure/api/secure/api/service/who");
  ASSERT_TRUE(m);
  std::optional<made_route> made;
  a->reactor().post([&] { made = *a->parts().routes(*m, {}); });
  net.run();
  EXPECT_EQ(ask(made->to), id_a->name());
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "2");
  a->reactor().post([&] { made.reset(); });
  net.run();
  net.advance(1s);
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "0");
}

TEST_F(secure_channel, access_control_by_identity_lets_in_whom_it_names) {
  worker_options o;
  o.type = "test";
  o.consumer_of = {b->context().flows.services};
  access_control rules;
  rules.from = *parse_allow_from(id_a->name());
  o.access = std::make_shared<const access_control>(std::move(rules));
  ASSERT_TRUE(b->workers().start(address{"guarded"}, std::make_unique<who_asks>(), std::move(o)));
  connect();
  EXPECT_EQ(ask({"c", "guarded"}), id_a->name());
  auto link = a->connect(b_at);
  EXPECT_NE(ask({link->name, "guarded"}).find("does not let this peer reach"), std::string::npos) << "without a channel it is nobody";
}

TEST_F(secure_channel, the_default_listener_is_there_again_when_a_reload_ends_the_one_in_its_place) {
  b.reset();
  start_b({{"secure-channel-listener", "api", {{"authorized", id_b->name()}}}});
  connect();
  EXPECT_NE(state(), "up");
  EXPECT_TRUE(b->reload(config_of("b", b_at)).empty());
  EXPECT_TRUE(within(20s, [&] { return state() == "up"; })) << field(*a, "secure-channel", "c", "reason");
  end(*b, "secure-channel-listener", "api");
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "allow"), "none") << "whoever ends it by hand has ended it";
}

TEST_F(secure_channel, what_fits_no_frame_with_what_is_around_it_is_told_to_who_sent_it) {
  auto box = std::make_unique<mailbox>();
  auto* at_b = &box->got;
  b->start("box", std::move(box));
  a.reset();
  auto small = config_of("a", "");
  small.limit.max_frame = 1u << 20;
  a.emplace(net, small, services_with_relays(), id_a);
  auto me = std::make_unique<mailbox>();
  got = &me->got;
  a->start("me", std::move(me));
  connect();
  connect({{"to", "/service/c/service/api"}}, "inner");
  ASSERT_EQ(state("inner"), "up");
  for (const char* by : {"c", "inner"}) {
    admit_answers(a->board(), address{"me"}, address{by});
    std::size_t arrived = 0, told = 0;
    for (std::size_t less = 20; less < 1'200; less += 7) {
      got->clear();
      at_b->clear();
      a->send({address{by}, address{"box"}}, std::string(small.limit.max_frame - less, 'x'), "me", true);
      ASSERT_EQ(at_b->size() + got->size(), 1u) << by << ", " << less << " below max-frame";
      ++(at_b->empty() ? told : arrived);
    }
    EXPECT_GT(arrived, 0u);
    EXPECT_GT(told, 0u);
  }
}

} // namespace
} // namespace ockam::sim
