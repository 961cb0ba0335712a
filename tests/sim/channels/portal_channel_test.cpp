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
  EXPECT_EQ(inlet("state"), "down") << "at once";
  EXPECT_NE(inlet("reason").find(id_b->name()), std::string::npos) << inlet("reason");
}

/// Somebody who cuts the link, and answers in the place of node b with an identity of his own. What gets to him as bytes of a
/// stream comes to his outlet, and so to his target.
class portal_and_impostor : public portal_in_a_channel {
 protected:
  static constexpr const char* his_target_at = "10.0.0.66:1";

  void take_the_place_of_b() {
    std::string of_stream;
    b->board().each([&](const address& at, const worker_entry& e) {
      if (e.type == "outlet-stream")
        of_stream = at.name;
    });
    ASSERT_FALSE(of_stream.empty());
    net.cut(b_at);
    b.reset();
    impostor.emplace(net, config_of("impostor", b_at), services_with_relays(), somebody());
    ASSERT_EQ(begin(*impostor, "tcp-outlet", "outlet", {{"to", his_target_at}}), "");
    auto in_its_place = std::make_unique<mailbox>();
    read = &in_its_place->got;
    impostor->start(of_stream, std::move(in_its_place));
    (void)impostor->board().allow(impostor->context().flows.services, address{of_stream});
  }
  std::string opened_by_him() { return field(*impostor, "secure-channel-listener", "api", "opened"); }
  /// A stream does not go on with him, and new ones do, as nobody is named.
  void streams_end_with_who_was_there() {
    ASSERT_EQ(inlet("state"), "up") << inlet("reason");
    auto c = net.dial(inlet_at);
    net.run();
    ASSERT_TRUE(target.waiting());
    auto t = target.accept();
    c.send("before");
    net.run();
    ASSERT_EQ(t.receive(), "before");
    take_the_place_of_b();
    for (int i = 0; i < 100 && !c.closed_by_peer(); ++i) {
      (void)c.offer(std::string(4'000, 's'));
      net.advance(100ms);
    }
    EXPECT_TRUE(c.closed_by_peer());
    ASSERT_TRUE(within(10s, [&] { return inlet("state") == "up"; })) << inlet("reason");
    EXPECT_TRUE(read->empty()) << "what was for the one before has come to him";
    auto d = net.dial(inlet_at);
    net.run();
    net.advance(1s);
    EXPECT_TRUE(his_target.waiting());
  }

  server& his_target = net.serve(his_target_at);
  std::optional<node> impostor;
  std::vector<message_ptr>* read = nullptr; ///< by him, in the place of the outlet's end of the stream
};

TEST_F(portal_and_impostor, who_is_not_whom_an_inlet_allows_gets_no_byte_when_the_channel_is_made_anew) {
  open({}, {{"allow", id_b->name()}});
  ASSERT_EQ(inlet("state"), "up") << inlet("reason");
  auto c = net.dial(inlet_at);
  net.run();
  ASSERT_TRUE(target.waiting());
  auto t = target.accept();
  take_the_place_of_b();
  for (int i = 0; i < 200; ++i) {
    (void)c.offer(std::string(4'000, 's'));
    net.advance(100ms);
  }
  EXPECT_EQ(opened_by_him(), "0") << "it has no channel";
  EXPECT_TRUE(read->empty());
  EXPECT_FALSE(his_target.waiting());
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_EQ(inlet("state"), "down");
  EXPECT_NE(inlet("reason").find("is not authorized"), std::string::npos) << inlet("reason");
}

TEST_F(portal_and_impostor, where_anybody_may_be_there_streams_end_with_who_was_there) {
  open();
  streams_end_with_who_was_there();
}

TEST_F(portal_and_impostor, through_a_channel_that_others_use_as_well_streams_end_with_who_was_there) {
  connect();
  open({}, {{"to", "/service/c/service/outlet"}});
  streams_end_with_who_was_there();
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

TEST_F(portal_in_a_channel, authorized_of_an_inlet_is_another_word_for_allow) {
  auto opens = [&](option_texts keys) {
    keys.try_emplace("to", to_outlet);
    return begin(*a, "tcp-inlet", "x", std::move(keys));
  };
  open({}, {{"authorized", id_b->name()}});
  EXPECT_EQ(inlet("state"), "up") << inlet("reason");
  EXPECT_NE(opens({{"allow", id_b->name()}, {"authorized", id_b->name()}}).find("say the same"), std::string::npos);
  EXPECT_NE(opens({{"authorized", id_b->name()}, {"skip-handshake", "yes"}}).find("needs the handshake"), std::string::npos);
  ASSERT_EQ(opens({{"authorized", id_a->name()}, {"from", "127.0.0.1:15433"}}), "");
  net.advance(1s);
  EXPECT_EQ(field(*a, "tcp-inlet", "x", "state"), "down");
}

TEST_F(portal_in_a_channel, a_list_that_names_nobody_is_refused_and_does_not_mean_anybody) {
  for (const auto* nobody : {"", " ", ","}) {
    EXPECT_NE(begin(*b, "tcp-outlet", "x", {{"to", target_at}, {"allow", nobody}}), "");
    EXPECT_NE(begin(*a, "tcp-inlet", "x", {{"to", to_outlet}, {"allow", nobody}}), "");
    EXPECT_NE(begin(*a, "tcp-inlet", "x", {{"to", to_outlet}, {"authorized", nobody}}), "");
    EXPECT_NE(begin(*a, "secure-channel", "x", {{"to", to_api}, {"authorized", nobody}}), "");
    EXPECT_NE(begin(*b, "secure-channel-listener", "x", {{"authorized", nobody}}), "");
    EXPECT_NE(begin(*a, "relay", "x", {{"at", "/ip4/127.0.0.1/tcp/4000/secure/api"}, {"authorized", nobody}}), "");
    EXPECT_NE(begin(*a, "relay", "x", {{"at", "/ip4/127.0.0.1/tcp/4000"}, {"allow", nobody}}), "");
  }
}

TEST_F(portal_in_a_channel, an_identity_has_one_share_of_an_outlet_however_many_channels_it_makes) {
  ASSERT_EQ(begin(*b, "tcp-outlet", "outlet", {{"to", target_at}, {"max-streams", "16"}}), "");
  for (int i = 0; i < 4; ++i) { // an inlet has a channel of its own
    auto name = "i" + std::to_string(i), at = "127.0.0.1:1500" + std::to_string(i);
    ASSERT_EQ(begin(*a, "tcp-inlet", name, {{"from", at}, {"to", to_outlet}}), "");
    net.advance(1s);
    ASSERT_EQ(field(*a, "tcp-inlet", name, "state"), "up");
  }
  std::vector<client> all;
  for (int i = 0; i < 16; ++i) {
    all.push_back(net.dial("127.0.0.1:1500" + std::to_string(i % 4)));
    net.run();
  }
  net.advance(1s);
  EXPECT_EQ(field(*b, "tcp-outlet", "outlet", "connections"), "15") << "one in 16 is left for others";
}

TEST_F(portal_in_a_channel, its_channel_ends_with_the_inlet) {
  open();
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "1");
  end(*a, "tcp-inlet", "db");
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "0");
}

} // namespace
} // namespace ockam::sim
