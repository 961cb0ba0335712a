// SPDX-License-Identifier: Apache-2.0
// What strangers may not make a node do over UDP, where anybody can send in anybody's name: send to others for
// them, answer for ever, forget peers.
#include "runtime/core/provenance.hpp"

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

// -- no loop -----------------------------------------------------------------------------------------

class udp_loop_test : public udp_link_test {
 protected:
  /// Answers each datagram that has come to `p` as a node of another implementation does that has an echo: the
  /// onward route is the return route, nothing else is handed back. How many there were.
  std::size_t echo_once(port& p) {
    auto in = p.receive();
    for (const auto& m : messages(in)) {
      EXPECT_FALSE(m.onward.empty());
      for (const auto& d : datagrams(++number_, message_to(m.back, {"echo"}, m.body)))
        p.send(at_, d);
    }
    net_.run();
    return in.size();
  }
};

TEST_F(udp_loop_test, a_datagram_from_the_sockets_own_address_is_refused) {
  listen();
  send(message_to({"echo"}, {"echo"}, "x"), at_);
  EXPECT_EQ(refused(refusal::own_source), 1u);
  EXPECT_EQ(info().messages_in, 0u);
  EXPECT_EQ(info().messages_out, 0u);
  // The same port elsewhere is somebody else.
  send(message_to({"echo"}, {"a"}, "x"), "127.0.0.2" + at_.substr(at_.find(':')));
  EXPECT_EQ(info().messages_in, 1u);
}

TEST_F(udp_loop_test, every_address_of_the_machine_is_the_own_one_of_a_socket_bound_to_all) {
  n1_ = std::make_unique<node>(net_, "n1");
  at_ = n1_->listen("0.0.0.0:4000", {}, "udp");
  for (auto from : {"127.0.0.1:4000", "127.0.0.7:4000"})
    send(message_to({"echo"}, {"echo"}, "x"), from);
  EXPECT_EQ(refused(refusal::own_source), 2u);
  send(message_to({"echo"}, {"a"}, "x"), "10.0.0.1:4000");
  send(message_to({"echo"}, {"a"}, "x"), "127.0.0.1:4001");
  EXPECT_EQ(info().messages_in, 2u);
}

//   forged: n2 asks n1's echo, to be answered to n2's echo
TEST_F(udp_loop_test, two_nodes_do_not_answer_each_other_for_ever_after_one_forged_datagram) {
  listen();
  node n2{net_, "n2"};
  auto at_n2 = n2.listen("127.0.0.1:0", {}, "udp");
  auto ended = [&] { return n1_->board().dropped()[drop_reason::hop_budget] + n2.board().dropped()[drop_reason::hop_budget]; };
  for (auto service : {"echo", "uppercase"}) {
    // What n2 sends next must be newer than the forged one: the number that n2 has just used for another.
    peer_.send(at_n2, datagrams(++number_, message_to({"echo"}, {"a"}, "x"))[0]);
    net_.run();
    auto in = peer_.receive();
    ASSERT_EQ(in.size(), 1u);
    auto number = udp_codec::decode(std::as_bytes(std::span{in[0].bytes}))->number;
    auto messages_before = info().messages_out, ended_before = ended();
    peer_.send(at_, datagrams(number, message_to({service}, {service}, "\x01x"))[0], at_n2);
    net_.run(); // does not return before it has ended
    EXPECT_EQ(ended(), ended_before + 1) << service;
    EXPECT_LT(info().messages_out, messages_before + 128) << service;
  }
  EXPECT_EQ(n1_->budget().used() + n2.budget().used(), 0u);
}

TEST_F(udp_loop_test, a_node_of_another_implementation_that_echoes_is_not_answered_for_ever) {
  listen();
  for (int forged = 0; forged < 3; ++forged) {
    send(message_to({"echo"}, {"echo"}, "x")); // in its name
    std::size_t answers = 0;
    while (auto n = echo_once(peer_)) {
      answers += n;
      ASSERT_LT(answers, 128u);
    }
    EXPECT_GT(answers, 0u);
  }
  EXPECT_EQ(n1_->board().dropped()[drop_reason::hop_budget], 3u);
}

TEST_F(udp_loop_test, two_services_of_one_node_do_not_answer_each_other_for_ever) {
  listen();
  for (const route& back : {route{"echo"}, route{"uppercase"}}) {
    auto m = make_message({"echo"}, back.front(), payload{std::as_bytes(std::span{"\x01x", 2})});
    n1_->reactor().post([this, raw = std::make_shared<message_ptr>(std::move(m))] { n1_->board().deliver(std::move(*raw)); });
    net_.run();
  }
  EXPECT_EQ(n1_->board().dropped()[drop_reason::hop_budget], 2u);
  EXPECT_LT(n1_->board().deliveries(), 200u);
}

TEST_F(udp_loop_test, a_client_that_asks_anew_is_answered_as_often_as_it_likes) {
  listen();
  std::size_t marked = 0;
  for (int i = 0; i < 1000; ++i) {
    send(message_to({"echo"}, {"me"}, "ping"));
    auto in = messages(peer_.receive());
    ASSERT_EQ(in.size(), 1u) << i;
    EXPECT_EQ(in[0].body, "ping");
    EXPECT_EQ(in[0].extras, "");
    EXPECT_EQ(in[0].back.back(), address{"echo"});
    marked += in[0].back.size() == 2;
    if (in[0].back.size() != 2)
      continue;
    send(message_to(in[0].back, {"me"}, "on")); // the way back leads where it should
    auto on = messages(peer_.receive());
    ASSERT_EQ(on.size(), 1u);
    EXPECT_EQ(on[0].body, "on");
  }
  EXPECT_EQ(marked, 1000u / 64);
  EXPECT_EQ(n1_->board().dropped()[drop_reason::hop_budget], 0u);
}

TEST_F(udp_loop_test, a_request_with_a_long_way_is_answered_along_the_same_way) {
  listen();
  n1_->start("hop", "h");
  box();
  route there(1000, address{"h"});
  there.push_back(address{"echo"});
  n1_->send(there, "hello", "box");
  ASSERT_EQ(box().size(), 1u);
  EXPECT_EQ(box()[0]->body.text(), "hello");
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
    provenance::answer(*m);
    n1_->reactor().post([this, raw = std::make_shared<message_ptr>(std::move(m))] { n1_->board().deliver(std::move(*raw)); });
  }
  box().clear();
  net_.run();
  EXPECT_EQ(messages(peer_.receive()).size(), 3u);
}

TEST_F(udp_link_test, each_peer_of_a_listener_has_reports_of_its_own) {
  listen();
  for (int i = 0; i < 300; ++i)
    send(message_to({"nobody"}, {"a"}, std::string(100, 'z'), true), "127.0.0.1:41000");
  for (int i = 0; i < 5; ++i)
    send(message_to({"nobody"}, {"a"}, std::string(100, 'z'), true));
  EXPECT_EQ(messages(peer_.receive()).size(), 5u);
}

// -- no amplifier ------------------------------------------------------------------------------------

class udp_amplification : public udp_link_test {
 protected:
  udp_amplification() {
    listen();
    for (int i = 0; i < hops; ++i)
      n1_->start("hop", "h" + std::to_string(i));
    at_ = n1_->listen("127.0.0.1:0", many(), "udp");
  }
  static std::vector<std::string> many() {
    std::vector<std::string> all{"services"};
    for (int i = 0; i < hops; ++i)
      all.push_back("h" + std::to_string(i));
    return all;
  }
  /// A traced message through all hops. Bytes that it has.
  std::size_t trace(std::string_view body) {
    route_header h;
    for (int i = 0; i < hops; ++i)
      h.append_onward(address{"h" + std::to_string(i)});
    h.append_onward(address{"echo"});
    h.append_return(address{"me"});
    h.flags(route_header::flag_trace | route_header::flag_report);
    auto m = frame(h, body).substr(stream_codec::length_bytes);
    send(m);
    return m.size();
  }
  struct reply_bytes {
    std::size_t all = 0, messages = 0;
  };
  reply_bytes came_back() {
    reply_bytes out;
    for (const auto& d : peer_.receive()) {
      out.all += d.bytes.size();
      ++out.messages;
    }
    return out;
  }
  static constexpr int hops = 20;
};

TEST_F(udp_amplification, who_has_not_shown_to_receive_gets_no_more_than_three_times_what_came_in_its_name) {
  auto sent = trace("x");
  auto back = came_back();
  EXPECT_GT(back.messages, 1u);
  EXPECT_LE(back.all, 4 * sent) << "three times in reports, and its own message";
  EXPECT_GT(n1_->board().dropped()[drop_reason::refused], 0u);
}

TEST_F(udp_amplification, a_trace_that_is_long_enough_is_told_of_all_its_hops) {
  trace(std::string(1'200, 'x'));
  EXPECT_GE(came_back().messages, static_cast<std::size_t>(hops) + 2);
}

} // namespace
} // namespace ockam::sim
