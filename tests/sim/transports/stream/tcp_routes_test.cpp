// SPDX-License-Identifier: Apache-2.0
// Routes over several links, many messages at once, and the life of links and listeners.
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

std::vector<received_frame> drain(network& net, client& c, std::string& rest, bool& greeted) {
  std::vector<received_frame> out;
  net.run();
  while (c.received() > 0) {
    rest += c.receive();
    if (!greeted) {
      rest.erase(0, 1);
      greeted = true;
    }
    for (auto& f : take_frames(rest))
      out.push_back(std::move(f));
    net.run();
  }
  return out;
}

//   peer ══ n1: hop ── hop2 ── echo
class pipelined : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(counts, pipelined, testing::Values(64, 1000));

TEST_P(pipelined, messages_through_two_hops_to_echo_and_back_all_arrive_in_order) {
  network net;
  node n1{net};
  auto at = n1.listen();
  n1.start("hop");
  n1.start("hop", "hop2");
  auto peer = net.dial(at);
  peer.send(preamble);
  for (int i = 0; i < GetParam(); ++i)
    peer.send(frame({"hop", "hop2", "echo"}, {"me"}, std::to_string(i)));
  std::string rest;
  bool greeted = false;
  auto got = drain(net, peer, rest, greeted);
  ASSERT_EQ(got.size(), static_cast<std::size_t>(GetParam()));
  for (int i = 0; i < GetParam(); ++i)
    ASSERT_EQ(got[static_cast<std::size_t>(i)].body, std::to_string(i));
  EXPECT_EQ(n1.budget().used(), 0u);
}

//   n1: box, hop ══ one link ══ n2: hop, echo          crossed four times there, four times back
TEST(routes, a_route_that_crosses_one_link_four_times_under_load_leaves_it_working) {
  network net;
  node n1{net, "n1"}, n2{net, "n2"};
  n1.start("hop");
  n2.start("hop");
  auto there = n1.connect(n2.listen());
  ASSERT_TRUE(there);
  address back{n2.link().worker_address};
  std::vector<std::vector<message_ptr>*> boxes;
  for (int c = 0; c < 8; ++c) {
    auto box = std::make_unique<mailbox>();
    boxes.push_back(&box->got);
    n1.start("box" + std::to_string(c), std::move(box));
  }
  route onward{*there, "hop", back, "hop", *there, "hop", back, "hop", *there, "echo"};
  for (int i = 0; i < 30; ++i)
    for (int c = 0; c < 8; ++c)
      n1.reactor().post([&, c] {
        const std::string body(64u << 10, 'x');
        auto m = make_message(onward, address{"box" + std::to_string(c)}, payload{std::as_bytes(std::span{body})});
        m->held = credit{n1.context().local_budget, m->footprint()};
        n1.board().deliver(std::move(m));
      });
  net.advance(10s);
  std::size_t arrived = 0;
  for (auto* b : boxes) {
    arrived += b->size();
    b->clear();
  }
  auto dropped = n1.board().dropped()[drop_reason::congested] + n2.board().dropped()[drop_reason::congested];
  EXPECT_EQ(arrived + dropped, 240u) << "each one arrived or is counted";
  EXPECT_GT(arrived, 0u);
  n1.send(onward, "still works", "box0");
  ASSERT_EQ(boxes[0]->size(), 1u);
  EXPECT_EQ((*boxes[0])[0]->body.text(), "still works");
  boxes[0]->clear();
  EXPECT_EQ(n1.budget().used(), 0u);
  EXPECT_EQ(n2.budget().used(), 0u);
}

//   peers (seeded: windows, portions, order, pauses) ══ n1: hop, echo ══ n2: hop, echo
class disturbed : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(seeds, disturbed, testing::Range<std::uint64_t>(1, 41));

TEST_P(disturbed, whatever_the_schedule_all_replies_come_in_order_and_all_credit_returns) {
  std::mt19937_64 random{GetParam()};
  auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  limits small;
  small.link_budget = 32'000 + below(200'000);
  small.node_budget = 4 * small.link_budget + below(1'000'000);
  small.stall = 1h; // nothing is dropped: every message must come back
  small.write_timeout = 2h;
  network net;
  node n1{net, "n1", small}, n2{net, "n2", small};
  auto at = n1.listen();
  n1.start("hop");
  n2.start("hop");
  auto to_n2 = n1.connect(n2.listen());
  ASSERT_TRUE(to_n2);
  net.disturb(GetParam());

  struct talker {
    client end;
    std::string rest;
    bool greeted = false;
    std::size_t sent = 0, seen = 0;
  };
  std::vector<talker> peers;
  for (int i = 0; i < 5; ++i) {
    peers.push_back({net.dial(at), {}});
    peers.back().end.send(preamble);
    peers.back().end.window(500 + below(60'000));
  }
  // What one peer has under way stays below a quarter of the budget: no hold is exceeded on the way.
  constexpr std::size_t each = 60;
  auto limit = small.link_budget / 4;
  auto read = [](talker& t) {
    t.rest += t.end.receive();
    if (!t.greeted && !t.rest.empty()) {
      t.rest.erase(0, 1);
      t.greeted = true;
    }
    for (auto& f : take_frames(t.rest)) {
      ASSERT_EQ(f.body.substr(0, f.body.find(':')), std::to_string(t.seen));
      ++t.seen;
    }
  };
  for (int round = 0; round < 100'000; ++round) {
    bool done = true;
    for (auto& t : peers) {
      if (t.sent < each && t.sent - t.seen < 3 && below(2) == 0) {
        auto body = std::to_string(t.sent++) + ":" + std::string(below(limit / 4), 'x');
        // One path for each peer, or the order would not be promised.
        auto onward = &t == &peers[0] ? route{"echo"} : &t == &peers[1] ? route{"hop", "echo"} : route{"hop", *to_n2, "hop", "echo"};
        t.end.send(frame(onward, {"me"}, body));
      }
      if (below(3) != 0)
        read(t);
      done = done && t.seen == each;
    }
    if (done)
      break;
    if (below(20) == 0)
      net.advance(std::chrono::milliseconds{below(400)});
    else
      net.run();
  }
  for (auto& t : peers)
    EXPECT_EQ(t.seen, each);
  for (auto* n : {&n1, &n2}) {
    net.run();
    EXPECT_EQ(n->budget().used(), 0u);
    EXPECT_EQ(n->board().dropped()[drop_reason::congested], 0u);
  }
}

TEST(links, a_connect_says_why_it_failed) {
  network net;
  node n1{net};
  auto refused = n1.connect("127.0.0.1:9");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::unreachable);

  net.swallow("10.0.0.1:4000");
  result<link_info> late = error{};
  connect_options o;
  o.timeout = 300ms;
  n1.tcp().connect("10.0.0.1:4000", o, [&](result<link_info> r) { late = std::move(r); });
  net.advance(290ms);
  EXPECT_EQ(late.error().code, errc::internal);
  net.advance(20ms);
  EXPECT_EQ(late.error().code, errc::timed_out);

  auto& http = net.serve("127.0.0.1:80"); // somebody listens who does not speak this protocol
  result<link_info> wrong = error{};
  n1.tcp().connect("127.0.0.1:80", {}, [&](result<link_info> r) { wrong = std::move(r); });
  net.run();
  auto web = http.accept();
  web.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  net.run();
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().cause.find("127.0.0.1:80"), std::string::npos);
  EXPECT_EQ(n1.connections(), 0u);
}

TEST(links, connections_beyond_the_limit_are_closed_and_counted_and_room_is_given_back) {
  limits small;
  small.max_connections = 64;
  network net;
  node n1{net, "n1", small};
  auto at = n1.listen();
  std::vector<client> peers;
  for (int i = 0; i < 66; ++i) {
    peers.push_back(net.dial(at));
    peers.back().send(preamble);
  }
  net.run();
  EXPECT_EQ(n1.connections(), 60u) << "15 in 16 for one listener";
  EXPECT_EQ(n1.board().refused()[refusal::too_many_connections], 6u);
  EXPECT_EQ(n1.tcp().listeners()[0].refused, 6u);
  EXPECT_TRUE(peers.back().closed_by_peer());
  peers.front().send(frame({"echo"}, {"me"}, "x"));
  net.run();
  EXPECT_GT(peers.front().received(), 1u);
  for (int i = 0; i < 10; ++i)
    peers[static_cast<std::size_t>(i)].close();
  net.run();
  EXPECT_EQ(n1.connections(), 50u);
  auto late = net.dial(at);
  net.run();
  EXPECT_FALSE(late.closed_by_peer());
}

TEST(links, a_public_listener_leaves_connections_for_a_private_one) {
  limits small;
  small.max_connections = 32;
  network net;
  node n1{net, "n1", small};
  auto crowded = n1.listen(), spared = n1.listen();
  std::vector<client> strangers;
  for (int i = 0; i < 40; ++i) {
    strangers.push_back(net.dial(crowded));
    strangers.back().send(preamble);
  }
  net.run();
  auto friendly = net.dial(spared);
  friendly.send(preamble);
  net.run();
  EXPECT_FALSE(friendly.closed_by_peer());
  EXPECT_EQ(n1.connections(), 31u);
}

TEST(links, a_listener_has_a_max_connections_of_its_own) {
  network net;
  node n1{net};
  std::string at;
  n1.tcp().listen("127.0.0.1:0", {.allow = {"services"}, .extra = {{"max-connections", "2"}}},
                  [&](result<listener_info> l) { at = l->socket_address; });
  std::vector<client> peers;
  for (int i = 0; i < 3; ++i)
    peers.push_back(net.dial(at));
  net.run();
  EXPECT_EQ(n1.connections(), 2u);
  EXPECT_TRUE(peers.back().closed_by_peer());
}

TEST(links, without_descriptors_the_rest_goes_on) {
  network net;
  node n1{net};
  auto at = n1.listen();
  auto first = net.dial(at);
  first.send(preamble);
  net.run();
  net.out_of_descriptors(true);
  auto refused = net.dial(at);
  net.run();
  EXPECT_TRUE(refused.closed_by_peer());
  EXPECT_EQ(n1.board().refused()[refusal::out_of_descriptors], 1u);
  first.send(frame({"echo"}, {"me"}, "x"));
  net.run();
  EXPECT_GT(first.received(), 1u);
  net.out_of_descriptors(false);
  auto later = net.dial(at);
  net.run();
  EXPECT_FALSE(later.closed_by_peer());
}

TEST(links, a_node_stops_with_all_that_is_under_way) {
  network net;
  auto n1 = std::make_unique<node>(net);
  node n2{net, "n2"};
  auto at = n1->listen();
  std::vector<client> peers;
  for (int i = 0; i < 20; ++i) {
    peers.push_back(net.dial(at));
    peers.back().window(0);
    peers.back().send(i % 3 == 0 ? "" : preamble + frame({"echo"}, {"me"}, std::string(300'000, 'x')).substr(0, i % 3 == 1 ? 300'000 : 100'000));
  }
  ASSERT_TRUE(n1->connect(n2.listen()));
  net.swallow("10.0.0.1:1");
  bool told = false;
  n1->tcp().connect("10.0.0.1:1", {}, [&](result<link_info> r) { told = !r; });
  net.run();
  n1->stop();
  EXPECT_TRUE(told);
  EXPECT_EQ(n1->connections(), 0u);
  EXPECT_EQ(n1->budget().used(), 0u);
  EXPECT_EQ(n1->reactor().timers(), 0u);
  EXPECT_EQ(n1->reactor().streams(), 0u);
  EXPECT_FALSE(net.listening(at));
  for (auto& p : peers)
    EXPECT_TRUE(p.closed_by_peer());
  EXPECT_TRUE(n2.tcp().links().empty());
}

//   peer (asks for reports) ══ n1
TEST(reports, go_to_who_asked_at_most_a_hundred_a_second) {
  network net;
  node n1{net};
  auto at = n1.listen();
  auto peer = net.dial(at);
  peer.send(preamble + frame({"nothere"}, {"me"}, "x") + frame({"nothere"}, {"me"}, "x", true));
  std::string rest;
  bool greeted = false;
  auto got = drain(net, peer, rest, greeted);
  ASSERT_EQ(got.size(), 1u) << "who did not ask is not told";
  EXPECT_EQ(got[0].onward, route{"me"});
  EXPECT_TRUE(got[0].back.empty());
  EXPECT_EQ(got[0].body, "");
  EXPECT_NE(got[0].extras.find("\"ockam_undeliverable\":\"unknown-worker\""), std::string::npos) << got[0].extras;
  EXPECT_NE(got[0].extras.find("\"ockam_hop\":\"0#nothere\""), std::string::npos);
  EXPECT_NE(got[0].extras.find("\"ockam_node\":\"n1\""), std::string::npos);
  for (int i = 0; i < 500; ++i)
    peer.send(frame({"nothere"}, {"me"}, "x", true));
  got = drain(net, peer, rest, greeted);
  EXPECT_LE(got.size(), 100u);
  EXPECT_GT(got.size(), 50u);
  EXPECT_EQ(n1.board().dropped()[drop_reason::unknown_worker], 502u);
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST(reports, about_a_report_there_is_none) {
  network net;
  node n1{net};
  auto at = n1.listen();
  auto peer = net.dial(at);
  // A report for a worker that is not there, whose return route leads back.
  std::string extra = R"({"ockam_report":"1","ockam_undeliverable":"congested"})";
  auto plain = frame({"nothere"}, {"me"}, "").substr(4);
  plain[0] = '\x84';
  peer.send(preamble + raw_frame(plain + "\x78" + static_cast<char>(extra.size()) + extra));
  std::string rest;
  bool greeted = false;
  EXPECT_TRUE(drain(net, peer, rest, greeted).empty());
  EXPECT_EQ(n1.board().dropped()[drop_reason::unknown_worker], 1u);
}

} // namespace
} // namespace ockam::sim
