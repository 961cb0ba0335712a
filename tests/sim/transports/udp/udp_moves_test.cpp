// SPDX-License-Identifier: Apache-2.0
// A peer whose name moves, and a listener at all addresses of its host.
#include "sim/transports/udp/udp_link_fixture.hpp"
#include "transports/udp/udp_whereabouts.hpp"

#include <optional>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

//   n1: connection to peer.example ∙∙ two places, the name of which moves from the one to the other
class udp_moving_peer : public testing::Test {
 protected:
  void SetUp() override {
    net_.name("peer.example", {"127.0.0.1"});
    auto up = n1_.connect("peer.example:41000", {}, "udp");
    ASSERT_TRUE(up) << up.error().cause;
    link_ = *up;
  }
  void send() { n1_.send({link_, "x"}, "hello"); }
  /// How many messages came to `at` since the last time.
  static std::size_t got(std::optional<port>& at) { return at ? messages(at->receive()).size() : 0; }
  void answer(port& from) {
    from.send("127.0.0.1:50000", datagrams(++number_, message_to({"nobody"}, {"x"}, "")).at(0));
    net_.run();
  }
  link_info info() { return n1_.over("udp").links().at(0); }

  network net_;
  std::optional<port> first_{std::in_place, net_.datagrams(), "127.0.0.1:41000"};
  std::optional<port> second_{std::in_place, net_.datagrams(), "127.0.0.3:41000"};
  node n1_{net_, "n1"};
  address link_;
  std::uint16_t number_ = 0;
};

TEST_F(udp_moving_peer, is_followed_when_it_refuses) {
  send();
  EXPECT_EQ(got(first_), 1u);
  first_.reset();
  net_.name("peer.example", {"127.0.0.3"});
  send(); // lost, and the network says so
  send();
  EXPECT_GE(got(second_), 1u);
  EXPECT_EQ(info().state, "up");
  EXPECT_EQ(info().socket_address, "peer.example:41000");
  EXPECT_EQ(n1_.connections(), 1u);
}

TEST_F(udp_moving_peer, is_followed_when_it_is_silent) {
  net_.name("peer.example", {"127.0.0.3"});
  send();
  net_.advance(4s);
  send();
  EXPECT_EQ(got(second_), 0u);
  net_.advance(2s);
  send();
  EXPECT_EQ(got(first_), 2u);
  EXPECT_EQ(got(second_), 1u);
}

TEST_F(udp_moving_peer, is_not_left_while_it_answers) {
  net_.name("peer.example", {"127.0.0.3"});
  for (int i = 0; i < 5; ++i) {
    send();
    answer(*first_);
    net_.advance(3s);
  }
  EXPECT_EQ(got(first_), 5u);
  EXPECT_EQ(got(second_), 0u);
}

TEST_F(udp_moving_peer, is_not_left_while_its_name_has_that_address) {
  net_.name("peer.example", {"127.0.0.3", "127.0.0.1"});
  for (int i = 0; i < 5; ++i) {
    send();
    net_.advance(6s);
  }
  EXPECT_EQ(got(first_), 5u);
  EXPECT_EQ(got(second_), 0u);
}

TEST_F(udp_moving_peer, is_looked_for_when_the_operator_says_so) {
  net_.name("peer.example", {"127.0.0.3"});
  n1_.reactor().post([this] { n1_.over("udp").look_again(); });
  net_.run();
  send();
  EXPECT_EQ(got(second_), 1u);
}

TEST_F(udp_moving_peer, of_several_addresses_the_next_one_is_tried_when_one_refuses) {
  first_.reset();
  net_.name("peer.example", {"127.0.0.1", "127.0.0.2", "127.0.0.3"});
  for (int i = 0; i < 6; ++i) {
    send();
    net_.advance(1s);
  }
  EXPECT_GE(got(second_), 1u);
}

TEST_F(udp_moving_peer, stays_where_it_was_when_its_name_is_gone_for_a_while) {
  n1_.reactor().post([this] { n1_.over("udp").look_again(); });
  net_.swallow("peer.example:41000");
  net_.advance(20s);
  send();
  EXPECT_EQ(got(first_), 1u);
}

TEST_F(udp_moving_peer, costs_nothing_when_the_connection_is_closed_while_it_is_looked_for) {
  net_.swallow("peer.example:41000");
  n1_.reactor().post([this] {
    n1_.over("udp").look_again();
    EXPECT_TRUE(n1_.over("udp").close_link(link_.name));
  });
  net_.run();
  EXPECT_EQ(n1_.reactor().timers(), 0u);
  EXPECT_EQ(n1_.connections(), 0u);
}

TEST_F(udp_moving_peer, refusals_lead_to_one_look_up_a_second_at_the_most) {
  first_.reset();
  net_.name("peer.example", {"127.0.0.1", "127.0.0.2"}); // nobody is at either
  send();
  send();
  send(); // now it is at the second address, which refuses as well
  first_.emplace(net_.datagrams(), "127.0.0.1:41000");
  for (int i = 0; i < 100; ++i)
    send();
  EXPECT_EQ(got(first_), 0u);
  net_.advance(udp_whereabouts::pause);
  send();
  send();
  EXPECT_GE(got(first_), 1u);
}

//   asker ∙∙ n1: echo, at 0.0.0.0
TEST(udp_wildcard_listener, answers_from_the_address_that_was_asked) {
  network net;
  node n1{net, "n1"};
  auto at = n1.listen("0.0.0.0:0", {}, "udp");
  auto port_number = at.substr(at.find(':'));
  port asker{net.datagrams(), "127.0.0.1:40000"}, other{net.datagrams(), "127.0.0.1:40001"};
  auto ask = [&](port& who, const std::string& host, std::uint16_t number) {
    who.send(host + port_number, datagrams(number, message_to({"echo"}, {"a"}, "hello")).at(0));
  };
  ask(asker, "127.0.0.2", 1);
  ask(other, "127.0.0.3", 1);
  net.run();
  auto first = asker.receive(), second = other.receive();
  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(to_string(first[0].from), "127.0.0.2" + port_number);
  EXPECT_EQ(to_string(second[0].from), "127.0.0.3" + port_number);
  ask(asker, "127.0.0.3", 2); // asks another address now
  net.run();
  first = asker.receive();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(to_string(first[0].from), "127.0.0.3" + port_number);
}

TEST(udp_wildcard_listener, answers_in_pieces_all_come_from_there) {
  network net;
  node n1{net, "n1"};
  auto at = n1.listen("0.0.0.0:0", {}, "udp");
  auto to = "127.0.0.9" + at.substr(at.find(':'));
  port asker{net.datagrams(), "127.0.0.1:40000"};
  for (const auto& d : datagrams(7, message_to({"echo"}, {"a"}, std::string(50'000, 'x'))))
    asker.send(to, d);
  net.run();
  auto in = asker.receive();
  EXPECT_EQ(messages(in).size(), 1u);
  for (const auto& d : in)
    ASSERT_EQ(to_string(d.from), to);
}

} // namespace
} // namespace ockam::sim
