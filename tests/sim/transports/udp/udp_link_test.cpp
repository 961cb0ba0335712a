// SPDX-License-Identifier: Apache-2.0
#include "sim/transports/udp/udp_link_fixture.hpp"

#include <cerrno>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

//   test ∙∙ n1: echo
TEST_F(udp_link_test, a_listener_answers_who_asked) {
  listen();
  send(message_to({"echo"}, {"a"}, "hello"));
  auto in = messages(peer_.receive());
  ASSERT_EQ(in.size(), 1u);
  EXPECT_EQ(in[0].onward, route{"a"});
  EXPECT_EQ(in[0].back, route{"echo"});
  EXPECT_EQ(in[0].body, "hello");
  EXPECT_EQ(n1_->budget().used(), 0u);
  EXPECT_EQ(info().peers, 1u);
  EXPECT_EQ(info().messages_in, 1u);
  EXPECT_EQ(info().messages_out, 1u);
}

TEST_F(udp_link_test, a_listener_puts_the_source_behind_itself_into_the_return_route) {
  listen();
  box();
  send(message_to({"box"}, {"a"}, "hello"), "10.1.2.3:77");
  ASSERT_EQ(box().size(), 1u);
  EXPECT_EQ(box()[0]->header.return_route(), (route{link_, {transport_type::udp, "10.1.2.3:77"}, "a"}));
}

TEST_F(udp_link_test, a_connection_puts_only_itself_there) {
  connect({.alias = "to-n2"});
  ASSERT_TRUE(n1_->board().add_consumer(n1_->board().flows().find(info().flow_control_id).operator*(), address{"box"}));
  send(message_to({"box"}, {"a"}, "hello"));
  ASSERT_EQ(box().size(), 1u);
  EXPECT_EQ(box()[0]->header.return_route(), (route{"to-n2", "a"}));
}

//   n1: box ∙connection∙ listener∙ n2: uppercase
TEST_F(udp_link_test, two_nodes_and_both_kinds_of_bind) {
  node n2{net_, "n2"};
  auto at = n2.listen("127.0.0.1:0", {}, "udp");
  n1_ = std::make_unique<node>(net_, "n1");
  auto to_n2 = n1_->connect(at, {}, "udp");
  ASSERT_TRUE(to_n2);
  box();
  n1_->send({*to_n2, "uppercase"}, "\x05hello", "box");
  ASSERT_EQ(box().size(), 1u);
  EXPECT_EQ(box()[0]->body.text(), "\x05HELLO");
  // The same from a listener, which says in the route who is meant.
  n1_->listen("127.0.0.1:0", {}, "udp");
  auto from = address{n1_->over("udp").listeners().at(0).address.substr(2)};
  n1_->send({from, {transport_type::udp, at}, "uppercase"}, "\x03you", "box");
  ASSERT_EQ(box().size(), 2u);
  EXPECT_EQ(box()[1]->body.text(), "\x03YOU");
  EXPECT_EQ(n2.budget().used(), 0u);
}

TEST_F(udp_link_test, slices_both_ways_and_no_empty_one_at_the_end) {
  listen();
  for (std::size_t size : {0u, 1u, 400u, 493u, 986u, 3000u, 100'000u}) {
    std::string body(size, 'z');
    auto overhead = message_to({"a"}, {"echo"}, body).size() - size;
    if (size > overhead && size % 493 == 0)
      body.resize(size - overhead); // the reply is then an exact multiple
    send(message_to({"echo"}, {"a"}, body));
    auto in = peer_.receive();
    EXPECT_EQ(in.size(), (message_to({"a"}, {"echo"}, body).size() + 492) / 493) << size;
    auto got = messages(in);
    ASSERT_EQ(got.size(), 1u) << size;
    EXPECT_TRUE(got[0].body == body) << size;
  }
}

TEST_F(udp_link_test, a_size_of_datagrams_that_was_configured) {
  connect({.extra = {{"datagram-size", "1400"}}});
  n1_->send({link_, "x"}, std::string(3000, 'z'), "box");
  auto in = peer_.receive();
  ASSERT_EQ(in.size(), 3u);
  EXPECT_LE(in[0].bytes.size(), 1400u);
  EXPECT_GT(in[0].bytes.size(), 1390u); // the head has not always 15 bytes
  EXPECT_EQ(messages(in).at(0).body, std::string(3000, 'z'));
}

TEST_F(udp_link_test, wrong_options_and_addresses) {
  node n{net_, "n1"};
  auto fails = [&](const std::string& to, transport_options extra) {
    auto r = n.connect(to, {.extra = std::move(extra)}, "udp");
    EXPECT_FALSE(r);
    return r ? errc::ok : r.error().code;
  };
  for (auto size : {"63", "65508", "x", "-1", ""})
    EXPECT_EQ(fails("127.0.0.1:1", {{"datagram-size", size}}), errc::invalid_argument) << size;
  for (auto time : {"0s", "999ms", "x", "2000h"})
    EXPECT_EQ(fails("127.0.0.1:1", {{"keep-alive", time}}), errc::invalid_argument) << time;
  EXPECT_EQ(fails("127.0.0.1:1", {{"worker", "w"}}), errc::invalid_argument);
  EXPECT_EQ(fails("127.0.0.1:0", {}), errc::invalid_address);
  EXPECT_EQ(fails("nowhere.example:1", {}), errc::unreachable);
  EXPECT_TRUE(n.over("udp").links().empty());
  EXPECT_EQ(n.connections(), 0u);
}

// -- routes behind a listener ------------------------------------------------------------------------

TEST_F(udp_link_test, what_a_route_behind_a_listener_must_not_be) {
  listen();
  box();
  for (const route& rest : {route{}, route{"echo"}, route{{transport_type::tcp, "127.0.0.1:1"}},
                            route{{transport_type::udp, "127.0.0.1:0"}}, route{{transport_type::udp, "127.0.0.1"}},
                            route{{transport_type::udp, "a b:1"}}, route{{transport_type::udp, ""}}}) {
    route onward{link_};
    onward.insert(onward.end(), rest.begin(), rest.end());
    n1_->send(onward, "x", "box", true);
    EXPECT_EQ(reported(), drop_reason::bad_route);
  }
  EXPECT_EQ(n1_->budget().used(), 0u);
  EXPECT_EQ(info().dropped.total(), 7u);
}

TEST_F(udp_link_test, names_behind_a_listener_are_looked_up_once) {
  listen();
  box();
  net_.name("peer.example", {"::1", "127.0.0.1"});
  for (int i = 0; i < 3; ++i)
    n1_->send({link_, {transport_type::udp, "peer.example:40000"}, "x"}, "hello", "box", true);
  EXPECT_EQ(messages(peer_.receive()).size(), 3u); // IPv4 is preferred
  n1_->send({link_, {transport_type::udp, "nobody.example:40000"}, "x"}, "hello", "box", true);
  EXPECT_EQ(reported(), drop_reason::link_down);
  net_.swallow("silent.example:40000");
  for (int i = 0; i < 3; ++i)
    n1_->send({link_, {transport_type::udp, "silent.example:40000"}, "x"}, "hello", "box");
  EXPECT_GT(n1_->budget().used(), 0u);
  net_.advance(limits{}.connect_timeout);
  EXPECT_EQ(n1_->budget().used(), 0u);
  EXPECT_EQ(info().dropped.total(), 4u);
}

TEST_F(udp_link_test, messages_that_wait_for_a_name_are_bounded_and_go_with_the_link) {
  listen();
  box();
  net_.swallow("silent.example:1");
  for (int i = 0; i < 100; ++i)
    n1_->send({link_, {transport_type::udp, "silent.example:1"}, "x"}, std::string(10'000, 'x'), "box", true);
  EXPECT_GT(box().size(), 60u); // these were told that too much waits
  EXPECT_LT(info().queued_bytes, 300u << 10);
  box().clear();
  n1_->reactor().post([&] { EXPECT_TRUE(n1_->over("udp").close_listener(at_)); });
  net_.run();
  for (const auto& m : box())
    EXPECT_EQ(m->header.get_report()->reason, drop_reason::link_down);
  box().clear();
  EXPECT_EQ(n1_->budget().used(), 0u);
}

// -- hostile -----------------------------------------------------------------------------------------

TEST_F(udp_link_test, garbage_is_counted_and_nothing_else_happens) {
  listen();
  peer_.send(at_, "garbage");
  peer_.send(at_, "");
  peer_.send(at_, std::string(4000, 'x'));
  for (const auto& d : datagrams(7, "no message at all"))
    peer_.send(at_, d);
  for (const auto& d : datagrams(8, message_to({"echo"}, {"a"}, std::string(600, 'x'))))
    peer_.send(at_, d.substr(0, d.size() - 1));
  net_.run();
  EXPECT_EQ(refused(refusal::malformed_frame), 5u);
  EXPECT_EQ(refused(refusal::frame_too_large), 1u);
  EXPECT_TRUE(peer_.receive().empty());
  send(message_to({"echo"}, {"a"}, "still there"));
  EXPECT_EQ(messages(peer_.receive()).size(), 1u);
  EXPECT_EQ(n1_->budget().used(), 0u);
}

TEST_F(udp_link_test, routes_that_are_too_long_are_refused) {
  listen();
  send(message_to(route(10'000, address{"echo"}), {"a"}, ""));
  EXPECT_EQ(refused(refusal::too_many_hops), 1u);
  send(message_to({std::string(max_name_length + 1, 'n')}, {"a"}, ""));
  EXPECT_EQ(refused(refusal::name_too_long), 1u);
  EXPECT_EQ(n1_->budget().used(), 0u);
}

TEST_F(udp_link_test, strangers_do_not_reach_a_connection) {
  connect();
  send(message_to({"echo"}, {"a"}, "x"), "127.0.0.1:666");
  EXPECT_EQ(refused(refusal::foreign_source), 1u);
  EXPECT_EQ(info().messages_in, 0u);
}

TEST_F(udp_link_test, ten_thousand_sources) {
  listen();
  auto half = datagrams(1, message_to({"echo"}, {"a"}, std::string(600, 'x')))[0];
  auto whole = datagrams(2, message_to({"echo"}, {"a"}, "x"))[0];
  for (int i = 0; i < 10'000; ++i) {
    auto from = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":9";
    peer_.send(at_, half, from);
    peer_.send(at_, whole, from);
    if (i % 1000 == 0)
      net_.run();
  }
  net_.run();
  EXPECT_LE(info().peers, 4096u);
  EXPECT_LT(n1_->budget().used(), 4u << 20);
  EXPECT_GT(refused(refusal::incomplete_message), 0u);
  net_.advance(limits{}.frame_timeout + 1s);
  EXPECT_EQ(n1_->budget().used(), 0u);
  send(message_to({"echo"}, {"a"}, "still there"));
  EXPECT_EQ(messages(peer_.receive()).size(), 1u);
  net_.advance(6min);
  EXPECT_EQ(info().peers, 0u);
}

// -- memory and back-pressure ------------------------------------------------------------------------

TEST_F(udp_link_test, over_the_budget_datagrams_are_dropped_until_there_is_room) {
  limits l;
  l.link_budget = 64u << 10;
  listen(l);
  box();
  for (int i = 0; i < 200; ++i)
    send(message_to({"box"}, {"a"}, std::string(2000, 'x')));
  auto kept = box().size();
  EXPECT_GT(kept, 10u);
  EXPECT_LT(kept, 40u);
  EXPECT_GT(refused(refusal::over_budget), 100u);
  EXPECT_LT(n1_->budget().used(), 80u << 10);
  box().clear();
  send(message_to({"box"}, {"a"}, "again"));
  EXPECT_EQ(box().size(), 1u);
}

TEST_F(udp_link_test, a_message_larger_than_the_budget_comes_in) {
  limits l;
  l.link_budget = 64u << 10;
  listen(l);
  box();
  std::string body(1u << 20, 'x');
  auto all = datagrams(5, message_to({"box"}, {"a"}, body));
  for (std::size_t i = 0; i < all.size(); ++i) {
    peer_.send(at_, all[i]);
    if (i % 100 == 0)
      net_.run();
  }
  net_.run();
  ASSERT_EQ(box().size(), 1u);
  EXPECT_TRUE(box()[0]->body.text() == body);
}

TEST_F(udp_link_test, what_cannot_go_out_waits_and_is_then_dropped) {
  connect();
  auto queue = net_.datagrams().find(at_);
  ASSERT_TRUE(queue);
  queue->blocked = true;
  for (int i = 0; i < 100; ++i)
    n1_->send({link_, "x"}, std::string(10'000, 'x'), "box", true);
  EXPECT_GT(info().queued_bytes, 250u << 10);
  EXPECT_LT(info().queued_bytes, 280u << 10);
  EXPECT_GT(box().size(), 60u);
  for (const auto& m : box())
    EXPECT_EQ(m->header.get_report()->reason, drop_reason::congested);
  auto waiting = 100 - box().size();
  box().clear();
  queue->blocked = false;
  net_.run();
  EXPECT_EQ(messages(peer_.receive()).size(), waiting);
  EXPECT_EQ(info().queued_bytes, 0u);
  EXPECT_EQ(n1_->budget().used(), 0u);
  // Not for ever: a socket that takes nothing for two seconds loses what waits.
  queue->blocked = true;
  n1_->send({link_, "x"}, "hello", "box", true);
  net_.advance(limits{}.stall + 1ms);
  EXPECT_EQ(reported(), drop_reason::congested);
  EXPECT_EQ(info().queued_bytes, 0u);
}

TEST_F(udp_link_test, a_message_too_large_for_udp_is_reported) {
  connect({.extra = {{"datagram-size", "64"}}});
  n1_->send({link_, "x"}, std::string(65'535 * 49, 'x'), "box", true); // more slices than there are numbers
  EXPECT_EQ(reported(), drop_reason::too_large);
  n1_->send({link_, "x"}, std::string(65'000 * 49, 'x'), "box", true);
  EXPECT_TRUE(box().empty());
  EXPECT_EQ(info().messages_out, 1u);
}

// -- what the network says ---------------------------------------------------------------------------

TEST_F(udp_link_test, a_peer_that_is_not_there_is_counted_and_not_fatal) {
  n1_ = std::make_unique<node>(net_, "n1");
  auto up = n1_->connect("127.0.0.1:41000", {}, "udp");
  ASSERT_TRUE(up);
  for (int i = 0; i < 3; ++i)
    n1_->send({*up, "echo"}, "hello");
  EXPECT_GE(info().refusals, 3u);
  EXPECT_EQ(info().last_error, "Connection refused");
  EXPECT_EQ(info().state, "up");
  port late{net_.datagrams(), "127.0.0.1:41000"};
  n1_->send({*up, "echo"}, "hello");
  EXPECT_EQ(messages(late.receive()).size(), 1u);
}

TEST_F(udp_link_test, a_datagram_that_the_system_refuses_is_reported) {
  connect();
  struct { int err; drop_reason reason; } cases[] = {
    {ENETUNREACH, drop_reason::link_down}, {EMSGSIZE, drop_reason::too_large}, {ENOBUFS, drop_reason::congested}};
  for (auto [err, reason] : cases) {
    net_.datagrams().find(at_)->next_send_error = err;
    n1_->send({link_, "x"}, "hello", "box", true);
    EXPECT_EQ(reported(), reason) << err;
    n1_->send({link_, "x"}, "hello", "box", true);
    EXPECT_EQ(messages(peer_.receive()).size(), 1u);
  }
}

TEST_F(udp_link_test, keep_alives_when_nothing_else_is_sent) {
  connect({.extra = {{"keep-alive", "20s"}}});
  net_.advance(21s);
  auto in = peer_.receive();
  ASSERT_EQ(in.size(), 1u);
  EXPECT_TRUE(in[0].bytes.ends_with("\x44\x83\x80\x80\x40"));
  net_.advance(10s);
  n1_->send({link_, "x"}, "hello");
  net_.advance(15s);
  EXPECT_EQ(peer_.receive().size(), 1u); // the message: it kept the way open as well
  // And what it is to the other end: nothing.
  listen();
  peer_.send(at_, in[0].bytes);
  net_.run();
  EXPECT_EQ(info().messages_in, 0u);
  EXPECT_EQ(refused(refusal::malformed_frame), 0u);
}

// -- the end -----------------------------------------------------------------------------------------

TEST_F(udp_link_test, closing_frees_everything) {
  connect();
  EXPECT_EQ(n1_->connections(), 1u);
  net_.datagrams().find(at_)->blocked = true;
  n1_->send({link_, "x"}, "hello", "box", true);
  n1_->reactor().post([&] { EXPECT_TRUE(n1_->over("udp").close_link(link_.name)); });
  net_.run();
  EXPECT_EQ(reported(), drop_reason::link_down);
  EXPECT_EQ(n1_->connections(), 0u);
  EXPECT_FALSE(net_.datagrams().find(at_));
  EXPECT_FALSE(n1_->board().find(link_));
  EXPECT_EQ(n1_->reactor().timers(), 0u);
  EXPECT_EQ(n1_->budget().used(), 0u);
  EXPECT_FALSE(n1_->over("udp").close_link(link_.name));
}

TEST_F(udp_link_test, an_address_in_use) {
  listen();
  bool failed = false;
  n1_->over("udp").listen(at_, {}, [&](result<listener_info> l) { failed = !l && l.error().code == errc::address_in_use; });
  EXPECT_TRUE(failed);
  n1_->over("udp").listen("127.0.0.1:0", {{}, {{"worker", "echo"}}}, [&](result<listener_info> l) {
    EXPECT_FALSE(l);
    EXPECT_EQ(l.error().code, errc::already_exists);
  });
  EXPECT_EQ(n1_->over("udp").listeners().size(), 1u);
}

/// Random portions of what arrives and random order of sockets change nothing.
TEST_F(udp_link_test, a_disturbed_network) {
  listen();
  for (unsigned seed = 0; seed < 20; ++seed) {
    net_.disturb(seed);
    for (int i = 0; i < 50; ++i)
      for (const auto& d : datagrams(++number_, message_to({"echo"}, {"a"}, std::string(static_cast<std::size_t>(40 * i), 'x'))))
        peer_.send(at_, d);
    net_.run();
    EXPECT_EQ(messages(peer_.receive()).size(), 50u);
    EXPECT_EQ(n1_->budget().used(), 0u);
  }
}

} // namespace
} // namespace ockam::sim
