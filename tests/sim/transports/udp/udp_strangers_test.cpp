// SPDX-License-Identifier: Apache-2.0
// What strangers may not make a node do over UDP, where anybody can send in anybody's name: send to others for
// them, forget peers.
#include "sim/transports/udp/udp_link_fixture.hpp"

#include <optional>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

// -- no proxy ----------------------------------------------------------------------------------------

//   test ── tcp ── n1: hop ── udp listener ∙∙ victim, known
class udp_proxy_test : public udp_link_test {
 protected:
  void SetUp() override {
    n1_ = std::make_unique<node>(net_, "n1");
    n1_->start("hop", "hop");
    client_.emplace(net_.dial(n1_->listen("127.0.0.1:0", {"services", "hop"})));
    at_ = n1_->listen("127.0.0.1:0", {"services"}, "udp");
    for (const auto& l : n1_->over("udp").links())
      link_ = address{l.worker_address};
    client_->send(preamble);
    net_.run();
    client_->receive();
  }
  /// The word for what came of a message that the tcp peer sent by way of the hop.
  std::string pass(const std::string& to) {
    client_->send(frame({"hop", link_, {transport_type::udp, to}, "x"}, {"me"}, "for others", true));
    net_.run();
    auto in = client_->receive();
    auto told = take_frames(in);
    return told.empty() ? "" : told[0].extras;
  }
  bool refused_to(const std::string& to) { return pass(to).find("dial-refused") != std::string::npos; }
  std::size_t got() { return peer_.receive().size(); }
  routing_config& routing() { return n1_->routing(); }

  std::optional<client> client_;
};

TEST_F(udp_proxy_test, a_reachable_hop_sends_nothing_to_addresses_that_were_not_heard_from) {
  for (auto policy : {dial_policy::never, dial_policy::listed}) {
    routing().dial = policy;
    EXPECT_TRUE(refused_to(peer_.local()));
    EXPECT_EQ(got(), 0u);
  }
  EXPECT_EQ(n1_->board().dropped()[drop_reason::dial_refused], 2u);
}

TEST_F(udp_proxy_test, names_are_not_even_looked_up_for_others) {
  net_.name("peer.example", {"127.0.0.1"});
  net_.swallow("silent.example:40000"); // would have to be waited for
  EXPECT_TRUE(refused_to("peer.example:40000"));
  EXPECT_TRUE(refused_to("silent.example:40000"));
  send(message_to({"echo"}, {"a"}, "x"));
  EXPECT_EQ(got(), 1u);
  EXPECT_TRUE(refused_to("peer.example:40000")) << "known by its address is not known by any name";
  routing().dial_allow = {{transport_type::udp, "peer.example:40000"}};
  EXPECT_EQ(pass("peer.example:40000"), "");
  EXPECT_EQ(got(), 1u);
}

TEST_F(udp_proxy_test, who_was_heard_from_lately_gets_what_others_send) {
  routing().dial = dial_policy::never;
  auto whole = message_to({"nobody"}, {"a"}, std::string(600, 'x'));
  peer_.send(at_, datagrams(7, whole)[0]);
  net_.run();
  EXPECT_TRUE(refused_to(peer_.local())) << "a part of a message is no sign";
  peer_.send(at_, datagrams(7, whole)[1]);
  net_.run();
  EXPECT_EQ(pass(peer_.local()), "");
  EXPECT_EQ(got(), 1u);
  net_.advance(6min);
  EXPECT_TRUE(refused_to(peer_.local()));
}

TEST_F(udp_proxy_test, the_operator_lists_addresses_and_configured_peers_or_lets_all_through) {
  port other{net_.datagrams(), "127.0.0.1:40001"};
  routing().dial_allow = {{transport_type::tcp, peer_.local()}};
  EXPECT_TRUE(refused_to(peer_.local())) << "allowed for tcp only";
  routing().dial_allow = {{transport_type::udp, peer_.local()}};
  EXPECT_EQ(pass(peer_.local()), "");
  EXPECT_TRUE(refused_to(other.local()));
  routing().dial = dial_policy::never;
  EXPECT_TRUE(refused_to(peer_.local()));
  routing().dial = dial_policy::any;
  EXPECT_EQ(pass(other.local()), "");
  EXPECT_EQ(got(), 1u);
  EXPECT_EQ(other.receive().size(), 1u);
}

TEST_F(udp_proxy_test, this_nodes_own_workers_send_to_anybody) {
  routing().dial = dial_policy::never;
  n1_->send({link_, {transport_type::udp, peer_.local()}, "x"}, "hello");
  n1_->send({"hop", link_, {transport_type::udp, peer_.local()}, "x"}, "hello");
  EXPECT_EQ(got(), 2u);
}

// -- no flood ----------------------------------------------------------------------------------------

TEST_F(udp_link_test, a_flood_from_other_ports_keeps_no_peer_from_its_answer) {
  listen();
  box();
  routing_config& routing = n1_->routing();
  routing.dial = dial_policy::never;
  for (int i = 0; i < 3; ++i)
    send(message_to({"box"}, {"a"}, "asks"));
  for (int i = 0; i < 20'000; ++i) {
    peer_.send(at_, datagrams(1, message_to({"nobody"}, {"a"}, "z"))[0], "127.0.0.1:" + std::to_string(1000 + i));
    if (i % 1000 == 0)
      net_.run();
  }
  net_.run();
  ASSERT_EQ(box().size(), 3u);
  for (auto& m : box()) {
    m->header.make_reply(address{"box"});
    m->source = {};
    n1_->reactor().post([this, raw = std::make_shared<message_ptr>(std::move(m))] { n1_->board().deliver(std::move(*raw)); });
  }
  box().clear();
  net_.run();
  EXPECT_EQ(messages(peer_.receive()).size(), 3u);
}

} // namespace
} // namespace ockam::sim
