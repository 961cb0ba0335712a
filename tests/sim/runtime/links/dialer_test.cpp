// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/dialer.hpp"

#include "runtime/core/provenance.hpp"
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

address tcp(std::string where) {
  return {transport_type::tcp, std::move(where)};
}

//   test ══ n1: box ─ ─ ▶ n2 (port 7000): hop, echo ─ ─ ▶ n3 (port 8000): echo        dialled as routes say
class dialer_test : public ::testing::Test {
 protected:
  dialer_test() {
    auto b = std::make_unique<mailbox>();
    box = b.get();
    n1.start("box", std::move(b));
    n2.listen("127.0.0.1:7000");
    n2.start("hop");
    n3.listen("127.0.0.1:8000");
    n3.start("hop");
  }

  void say(const route& to, std::string_view text) { n1.send(to, text, "box", true); }
  std::vector<std::string> take() {
    std::vector<std::string> out;
    for (auto& m : box->got) {
      const auto* r = m->header.get_report();
      out.push_back(r ? std::string{to_string(r->reason)} + " on " + r->node : std::string{m->body.text()});
    }
    box->got.clear();
    return out;
  }
  using strings = std::vector<std::string>;

  network net;
  node n1{net, "n1"}, n2{net, "n2"}, n3{net, "n3"};
  mailbox* box = nullptr;
  const address to_n2 = tcp("127.0.0.1:7000"), to_n3 = tcp("127.0.0.1:8000");
};

TEST_F(dialer_test, own_messages_may_go_anywhere_and_their_answers_come_back) {
  n1.routing().dial = dial_policy::never;
  say({to_n2, "echo"}, "hello");
  EXPECT_EQ(take(), strings{"hello"});
  EXPECT_EQ(n1.dial().links(), 1u);
  say({to_n2, "echo"}, "again"); // the same link
  EXPECT_EQ(take(), strings{"again"});
  EXPECT_EQ(n2.connections(), 1u);
}

TEST_F(dialer_test, a_route_crosses_as_many_nodes_as_it_names) {
  for (auto* n : {&n2, &n3})
    n->routing().dial = dial_policy::any;
  say({to_n2, "hop", to_n3, "hop", to_n2, "hop", to_n3, "echo"}, "far");
  EXPECT_EQ(take(), strings{"far"});
  for (auto* n : {&n1, &n2, &n3})
    EXPECT_EQ(n->budget().used(), 0u);
}

TEST_F(dialer_test, others_are_refused_unless_the_operator_allows_it) {
  say({to_n2, "hop", to_n3, "echo"}, "a");
  EXPECT_EQ(take(), strings{"dial-refused on n2"});
  EXPECT_EQ(n2.board().dropped()[drop_reason::dial_refused], 1u);
  n2.routing().dial_allow = {to_n3};
  say({to_n2, "hop", to_n3, "echo"}, "b");
  EXPECT_EQ(take(), strings{"b"});
  n2.routing().dial = dial_policy::never; // also where there is a link already
  say({to_n2, "hop", to_n3, "echo"}, "c");
  EXPECT_EQ(take(), strings{"dial-refused on n2"});
}

TEST_F(dialer_test, a_configured_connection_is_listed_and_used) {
  connection_config c;
  c.name = "up";
  c.transport = "tcp";
  c.address = "127.0.0.1:8000";
  ASSERT_TRUE(n2.lasting().add(c, n2.tcp()));
  net.run();
  say({to_n2, "hop", to_n3, "echo"}, "b");
  EXPECT_EQ(take(), strings{"b"});
  EXPECT_EQ(n2.dial().links(), 0u);
  EXPECT_EQ(n3.connections(), 1u);
}

//   n1 ══▶ proxy (the test), which plays the far nodes as well
TEST_F(dialer_test, links_for_routes_go_by_way_of_the_proxy_of_routing) {
  auto& proxy = net.serve("127.0.0.1:3128");
  n1.routing().proxy = "http://127.0.0.1:3128";
  for (auto type : {transport_type::tcp, transport_type::websocket, transport_type::caf}) {
    say({address{type, type == transport_type::websocket ? "ws://far.example:4000" : "far.example:4000"}, "echo"}, "hello");
    ASSERT_TRUE(proxy.waiting()) << static_cast<int>(type);
    auto far = proxy.accept();
    EXPECT_TRUE(far.receive().starts_with("CONNECT far.example:4000 ")) << static_cast<int>(type);
    far.send("HTTP/1.1 403 Forbidden\r\n\r\n");
    net.run();
    EXPECT_EQ(take(), strings{"unreachable on n1"});
  }
  say({tcp("other.example:4000"), "echo"}, "hello");
  auto far = proxy.accept();
  far.receive();
  far.send("HTTP/1.1 200 OK\r\n\r\n" + preamble);
  net.run();
  EXPECT_NE(far.receive().find("hello"), std::string::npos);
}

TEST_F(dialer_test, what_knows_no_proxy_goes_straight) {
  n1.routing().proxy = "http://127.0.0.1:3128";
  auto at = n2.listen("127.0.0.1:7100", {"services"}, "udp");
  say({address{transport_type::udp, at}, "echo"}, "hello");
  EXPECT_EQ(take(), strings{"hello"});
}

TEST_F(dialer_test, a_configured_connection_has_a_proxy_of_its_own_or_none) {
  n1.routing().proxy = "http://127.0.0.1:3128"; // where nobody is
  connection_config c;
  c.name = "straight";
  c.transport = "tcp";
  c.address = "127.0.0.1:7000";
  ASSERT_TRUE(n1.lasting().add(c, n1.tcp()));
  net.run();
  say({to_n2, "echo"}, "hello");
  EXPECT_EQ(take(), strings{"hello"});
}

TEST_F(dialer_test, straight_from_a_link_nobody_is_dialled) {
  n2.routing().dial = dial_policy::any;
  say({to_n2, to_n3, "echo"}, "a");
  EXPECT_EQ(take(), strings{"refused on n2"});
  EXPECT_EQ(n2.dial().links(), 0u);
}

// The link by which a message came may be gone when its turn comes: it is a stranger's message still.
TEST_F(dialer_test, a_sender_that_hangs_up_is_not_taken_for_this_node) {
  auto slow = std::make_unique<mailbox>();
  auto& kept = slow->got;
  n2.start("slow-hop", std::move(slow));
  {
    auto peer = net.dial("127.0.0.1:7000");
    peer.send(preamble + frame({"slow-hop", to_n3, "echo"}, {}, "x"));
    net.run();
  }
  net.run();
  ASSERT_EQ(n2.connections(), 0u);
  ASSERT_EQ(kept.size(), 1u);
  n2.reactor().post([&] {
    auto m = std::move(kept.front());
    m->header.pop_onward(); // what `worker::forward` does
    provenance::pass_on(*m);
    n2.board().deliver(std::move(m));
  });
  net.run();
  EXPECT_EQ(n2.dial().links(), 0u);
  EXPECT_EQ(n2.board().dropped()[drop_reason::dial_refused], 1u);
}

TEST_F(dialer_test, a_peer_that_is_not_there_is_reported_and_left_alone_for_a_while) {
  n2.routing().dial = dial_policy::any;
  auto nobody = tcp("127.0.0.1:9");
  say({to_n2, "hop", nobody, "echo"}, "a");
  say({to_n2, "hop", nobody, "echo"}, "b");
  EXPECT_EQ(take(), (strings{"unreachable on n2", "unreachable on n2"}));
  auto& port = net.serve("127.0.0.1:9");
  say({to_n2, "hop", nobody, "echo"}, "c");
  EXPECT_EQ(take(), strings{"unreachable on n2"}); // not tried again yet
  EXPECT_FALSE(port.waiting());
  net.advance(1s);
  say({to_n2, "hop", nobody, "echo"}, "d");
  EXPECT_TRUE(port.waiting());
}

TEST_F(dialer_test, messages_wait_in_order_bounded_in_bytes_and_time) {
  net.swallow("127.0.0.1:9");
  auto hole = tcp("127.0.0.1:9");
  std::string big(100'000, 'x');
  for (int i = 0; i < 50; ++i)
    say({hole, "echo"}, big);
  auto over = take();
  EXPECT_GE(over.size(), 39u); // a MiB at most waits
  for (auto& r : over)
    EXPECT_EQ(r, "congested on n1");
  EXPECT_TRUE(n1.dial().dialling(hole));
  EXPECT_LE(n1.budget().used(), (2u << 20));
  net.advance(11s);
  auto late = take();
  EXPECT_EQ(over.size() + late.size(), 50u);
  for (auto& r : late)
    EXPECT_EQ(r, "unreachable on n1");
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_F(dialer_test, what_waited_goes_out_in_order) {
  auto& port = net.serve("127.0.0.1:9000");
  auto to = tcp("127.0.0.1:9000");
  for (auto text : {"1", "2", "3"})
    say({to, "x"}, text);
  auto peer = port.accept();
  peer.send(preamble);
  net.run();
  say({to, "x"}, "4");
  auto in = peer.receive();
  ASSERT_EQ(in.substr(0, 1), preamble);
  in.erase(0, 1);
  std::string order;
  for (auto& f : take_frames(in))
    order += f.body;
  EXPECT_EQ(order, "1234");
}

TEST_F(dialer_test, dials_under_way_are_bounded) {
  for (int i = 0; i < 40; ++i) {
    auto where = "10.0.0." + std::to_string(i) + ":1";
    net.swallow(where);
    say({tcp(where), "echo"}, "x");
  }
  EXPECT_EQ(take().size(), 24u); // 16 wait
}

TEST_F(dialer_test, links_are_bounded_and_the_one_used_least_makes_room) {
  n1.routing().dial_links = 2;
  node n4{net, "n4"};
  n4.listen("127.0.0.1:9000");
  say({to_n2, "echo"}, "2");
  net.advance(2s);
  say({to_n3, "echo"}, "3");
  say({tcp("127.0.0.1:9000"), "echo"}, "4");
  EXPECT_EQ(take(), (strings{"2", "3", "4"}));
  EXPECT_EQ(n1.dial().links(), 2u);
  EXPECT_EQ(n2.connections(), 0u);
  say({to_n2, "echo"}, "5"); // both carried something just now
  EXPECT_EQ(take(), strings{"dial-refused on n1"});
}

TEST_F(dialer_test, an_idle_link_is_closed_and_one_in_use_is_not) {
  n1.routing().dial_idle = 10s;
  say({to_n2, "echo"}, "a");
  say({to_n3, "echo"}, "b");
  for (int i = 0; i < 10; ++i) {
    net.advance(3s);
    say({to_n2, "echo"}, "c");
  }
  EXPECT_EQ(n1.dial().links(), 1u);
  EXPECT_EQ(n3.connections(), 0u);
  net.advance(60s);
  EXPECT_EQ(n1.dial().links(), 0u);
  EXPECT_EQ(n1.connections(), 0u);
}

TEST_F(dialer_test, a_link_that_ends_is_dialled_again) {
  say({to_n2, "echo"}, "a");
  ASSERT_TRUE(n2.tcp().close_link(n2.link().link_address));
  net.run();
  EXPECT_EQ(n1.dial().links(), 0u);
  say({to_n2, "echo"}, "b");
  EXPECT_EQ(take(), (strings{"a", "b"}));
}

// Each node leads on to the other: the route is used up, whatever it says.
TEST_F(dialer_test, a_route_in_a_circle_ends) {
  for (auto* n : {&n2, &n3})
    n->routing().dial = dial_policy::any;
  route circle;
  for (int i = 0; i < 250; ++i)
    circle.insert(circle.end(), {to_n2, "hop", to_n3, "hop"});
  say(circle, "round");
  auto got = take();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(n2.dial().links() + n3.dial().links(), 2u);
  for (auto* n : {&n1, &n2, &n3})
    EXPECT_EQ(n->budget().used(), 0u);
}

// A node that leads to itself uses one link for it, not one for each time round.
TEST_F(dialer_test, a_node_that_dials_itself_uses_one_link) {
  n2.routing().dial = dial_policy::any;
  route circle;
  for (int i = 0; i < 50; ++i)
    circle.insert(circle.end(), {to_n2, "hop"});
  circle.push_back("echo");
  say(circle, "round");
  EXPECT_EQ(take(), strings{"round"});
  EXPECT_EQ(n2.dial().links(), 1u);
}

TEST_F(dialer_test, an_address_that_is_none_and_a_transport_that_is_not_there) {
  say({tcp("no port"), "echo"}, "a");
  say({address{transport_type::ble, "x"}, "echo"}, "b");
  EXPECT_EQ(take(), (strings{"unreachable on n1", "dial-refused on n1"}));
}

TEST_F(dialer_test, stopping_drops_what_waits) {
  net.swallow("127.0.0.1:9");
  say({tcp("127.0.0.1:9"), "echo"}, "a");
  n1.reactor().post([&] { n1.dial().stop(); });
  net.run();
  EXPECT_EQ(take(), strings{"node-stopping on n1"});
}

} // namespace
} // namespace ockam::sim
