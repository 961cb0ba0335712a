// SPDX-License-Identifier: Apache-2.0
// Links over CAF: two actor systems that speak real BASP over the streams of the simulated network.
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

#include <random>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

std::string caf_listen(node& n, const std::vector<std::string>& allow = {"services"}) {
  return n.listen("127.0.0.1:0", allow, "caf");
}

errc listen_code(node& n, const std::string& where, transport_options extra = {}) {
  errc code = errc::ok;
  n.over("caf").listen(where, {{}, std::move(extra)}, [&](result<listener_info> l) {
    if (!l)
      code = l.error().code;
  });
  return code;
}

/// Stands between a node that connects and one that listens, and sees and changes what they say.
///
///     n1 ══ front │ middle │ back ══ n2
class middle {
 public:
  middle(network& net, const std::string& to) : net_{net}, server_{net.serve(at)}, to_{to} {}

  static constexpr const char* at = "127.0.0.1:9000";
  /// Hands on what has come, once; false when there was nothing.
  bool pump() {
    net_.run();
    if (server_.waiting()) {
      front = server_.accept();
      back = net_.dial(to_);
      net_.run();
    }
    bool moved = hand(front, back, forth) | hand(back, front, back_again);
    net_.run();
    return moved;
  }
  /// Hands on until nothing moves.
  void run() {
    while (pump())
      ;
  }

  std::optional<client> front, back;
  /// Called with what goes from n1 to n2, and with what comes back.
  std::function<void(std::string&)> forth, back_again;

 private:
  static bool hand(std::optional<client>& from, std::optional<client>& to, const std::function<void(std::string&)>& change) {
    if (!from || !to)
      return false;
    auto bytes = from->receive();
    bool end = from->closed_by_peer() && bytes.empty();
    if (end) {
      to.reset();
      from.reset();
      return true;
    }
    if (bytes.empty())
      return false;
    if (change)
      change(bytes);
    to->send(bytes);
    return true;
  }

  network& net_;
  server& server_;
  std::string to_;
};

class caf_link : public testing::Test {
 protected:
  std::vector<message_ptr>& box_of(node& n, const std::string& name = "box") {
    auto box = std::make_unique<mailbox>();
    auto& got = box->got;
    n.start(name, std::move(box));
    return got;
  }
  result<address> link(node& from, node& to) { return from.connect(caf_listen(to), {}, "caf"); }
  std::uint64_t refused(node& n, refusal why) { return n.board().refused()[why]; }

  network net;
};

//   n1: box ══ n2: echo
TEST_F(caf_link, carries_messages_and_answers) {
  node n1{net, "n1"}, n2{net, "n2"};
  auto to_n2 = link(n1, n2);
  ASSERT_TRUE(to_n2) << to_string(to_n2.error());
  auto& got = box_of(n1);
  n1.send({*to_n2, "echo"}, "hello", "box");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]->body.text(), "hello");
  EXPECT_EQ(got[0]->header.return_route(), (route{*to_n2, "echo"}));
  for (auto* n : {&n1, &n2}) {
    EXPECT_EQ(n->link().transport, "caf");
    EXPECT_EQ(n->link().state, "up");
    EXPECT_EQ(n->link().messages_in, 1u);
    EXPECT_EQ(n->link().messages_out, 1u);
  }
  EXPECT_EQ(n1.link().peer, "n2");
  EXPECT_EQ(n2.link().peer, "n1");
  EXPECT_TRUE(n1.link().outgoing);
  EXPECT_FALSE(n2.link().outgoing);
}

//   n1: box ══ caf ══ n2: hop ══ tcp ══ n3: uppercase
TEST_F(caf_link, is_a_hop_among_others) {
  node n1{net, "n1"}, n2{net, "n2"}, n3{net, "n3"};
  n2.start("hop");
  auto to_n2 = link(n1, n2);
  auto to_n3 = n2.connect(n3.listen());
  auto& got = box_of(n1);
  n1.send({*to_n2, "hop", *to_n3, "uppercase"}, "\x05hello", "box");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]->body.text(), "\x05HELLO");
}

TEST_F(caf_link, carries_every_size_whatever_pieces_the_network_makes) {
  net.disturb(11);
  node n1{net, "n1"}, n2{net, "n2"};
  auto to_n2 = link(n1, n2);
  auto& got = box_of(n1);
  std::size_t count = 0;
  for (std::size_t size : {0, 1, 127, 128, 65'500, 65'536, 65'600, 300'000}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; i += 101)
      body[i] = static_cast<char>(i);
    n1.send({*to_n2, "echo"}, body, "box");
    ASSERT_EQ(got.size(), ++count) << size;
    ASSERT_EQ(got.back()->body.text(), body) << size;
  }
}

TEST_F(caf_link, several_links_of_the_same_two_nodes_stand_alone) {
  node n1{net, "n1"}, n2{net, "n2"};
  auto at = caf_listen(n2);
  auto first = n1.connect(at, {}, "caf"), second = n1.connect(at, {}, "caf");
  auto third = n2.connect(caf_listen(n1), {}, "caf"); // and one the other way
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(n1.connections(), 3u);
  ASSERT_TRUE(n1.over("caf").close_link(first->name));
  net.run();
  EXPECT_EQ(n1.connections(), 2u);
  EXPECT_EQ(n2.connections(), 2u);
  auto& got = box_of(n1);
  n1.send({*second, "echo"}, "second", "box");
  auto& other = box_of(n2, "box2");
  n2.send({*third, "echo"}, "third", "box2");
  ASSERT_EQ(got.size(), 1u);
  ASSERT_EQ(other.size(), 1u);
}

TEST_F(caf_link, keeps_the_hop_budget_and_reports_over_nodes) {
  node n1{net, "n1"}, n2{net, "n2"};
  auto to_n2 = link(n1, n2);
  auto& got = box_of(n1);
  n1.send({*to_n2, "nobody"}, "hello", "box", true);
  ASSERT_EQ(got.size(), 1u);
  ASSERT_TRUE(got[0]->header.get_report());
  EXPECT_EQ(got[0]->header.get_report()->reason, drop_reason::unknown_worker);
  EXPECT_EQ(got[0]->header.get_report()->node, "n2");
  auto& there = box_of(n2, "there");
  n1.send({*to_n2, "there"}, "hello", "box");
  ASSERT_EQ(there.size(), 1u);
  EXPECT_EQ(there[0]->header.hop_budget(), route_header::default_hop_budget - 2);
}

TEST_F(caf_link, lets_peers_reach_only_what_is_meant_for_them) {
  node n1{net, "n1"}, n2{net, "n2"};
  (void)n2.listen(); // the first listener of a node admits to its services, this one does not
  auto to_n2 = n1.connect(caf_listen(n2, {}), {}, "caf");
  auto& got = box_of(n1);
  n1.send({*to_n2, "echo"}, "hello", "box", true);
  ASSERT_EQ(got.size(), 1u);
  ASSERT_TRUE(got[0]->header.get_report());
  EXPECT_EQ(got[0]->header.get_report()->reason, drop_reason::refused);
}

TEST_F(caf_link, ends_on_both_sides_when_either_closes) {
  for (bool by_client : {true, false}) {
    node n1{net, "n1"}, n2{net, "n2"};
    auto to_n2 = link(n1, n2);
    ASSERT_TRUE(to_n2);
    auto& closer = by_client ? n1 : n2;
    ASSERT_TRUE(closer.over("caf").close_link(closer.link().worker_address));
    net.run();
    EXPECT_EQ(n1.connections(), 0u);
    EXPECT_EQ(n2.connections(), 0u);
    EXPECT_EQ(n1.reactor().streams(), 0u);
    EXPECT_EQ(n2.reactor().streams(), 0u);
    auto& got = box_of(n1);
    n1.send({*to_n2, "echo"}, "hello", "box", true);
    ASSERT_EQ(got.size(), 1u);
    EXPECT_TRUE(got[0]->header.get_report());
  }
}

TEST_F(caf_link, listens_for_other_hosts_only_when_told_so) {
  node n1{net};
  EXPECT_EQ(listen_code(n1, "0.0.0.0:0"), errc::permission_denied);
  EXPECT_EQ(listen_code(n1, "192.0.2.1:0"), errc::permission_denied);
  EXPECT_EQ(listen_code(n1, "[::]:0"), errc::permission_denied);
  EXPECT_EQ(listen_code(n1, "0.0.0.0:0", {{"insecure", "no"}}), errc::permission_denied);
  EXPECT_EQ(listen_code(n1, "0.0.0.0:0", {{"insecure", "true"}}), errc::invalid_argument);
  EXPECT_EQ(listen_code(n1, "127.0.0.1:0", {{"insecur", "yes"}}), errc::invalid_argument);
  EXPECT_EQ(listen_code(n1, "0.0.0.0:0", {{"insecure", "yes"}}), errc::ok);
  EXPECT_EQ(listen_code(n1, "127.8.8.8:0"), errc::ok);
  EXPECT_EQ(listen_code(n1, "[::1]:0"), errc::ok);
}

// -- peers that are something else ---------------------------------------------------------------------

TEST_F(caf_link, says_so_when_a_tcp_listener_answers) {
  node n1{net, "n1"}, n2{net, "n2"};
  auto up = n1.connect(n2.listen(), {}, "caf");
  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().code, errc::malformed);
  EXPECT_NE(up.error().cause.find("does not begin with a BASP handshake"), std::string::npos) << up.error().cause;
  EXPECT_NE(up.error().hint.find("caf listener"), std::string::npos);
  auto other = n1.connect(caf_listen(n2));
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().cause.find("instead of the preamble"), std::string::npos) << other.error().cause;
  EXPECT_EQ(n1.connections() + n2.connections(), 0u);
}

TEST_F(caf_link, says_so_when_the_listener_is_its_own) {
  node n1{net, "n1"};
  auto up = n1.connect(caf_listen(n1), {}, "caf");
  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().code, errc::invalid_address);
  net.run();
  EXPECT_EQ(n1.connections(), 0u);
}

TEST_F(caf_link, gives_up_a_peer_that_says_nothing) {
  node n1{net, "n1"};
  auto& silent = net.serve("127.0.0.1:9");
  bool ended = false;
  error why;
  n1.over("caf").connect("127.0.0.1:9", {.timeout = 500ms}, [&](result<link_info> r) {
    ended = true;
    why = r.error();
  });
  net.run();
  ASSERT_TRUE(silent.waiting());
  auto accepted = silent.accept();
  net.advance(499ms);
  EXPECT_FALSE(ended);
  net.advance(2ms);
  EXPECT_TRUE(ended);
  EXPECT_EQ(why.code, errc::timed_out);
  EXPECT_TRUE(accepted.closed_by_peer());
  // And one that connects to this node and says nothing.
  auto quiet = net.dial(caf_listen(n1));
  net.run();
  EXPECT_EQ(n1.connections(), 1u);
  net.advance(limits{}.handshake_timeout + 1ms);
  EXPECT_TRUE(quiet.closed_by_peer());
  EXPECT_EQ(n1.connections(), 0u);
  EXPECT_EQ(refused(n1, refusal::handshake_timeout), 1u);
}

TEST_F(caf_link, refuses_garbage_at_once_and_counts_it) {
  node n1{net, "n1"};
  auto at = caf_listen(n1);
  auto http = net.dial(at);
  http.send("GET / HTTP/1.1\r\n");
  net.run();
  EXPECT_TRUE(http.closed_by_peer());
  EXPECT_EQ(refused(n1, refusal::wrong_preamble), 1u);
  auto bomb = net.dial(at);
  bomb.send(std::string{"\x01\0\0\0\xff\xff\xff\xff", 8} + std::string(24, '\0'));
  net.run();
  EXPECT_TRUE(bomb.closed_by_peer());
  EXPECT_EQ(refused(n1, refusal::frame_too_large), 1u);
  auto crash = net.dial(at); // a handshake without a payload
  crash.send(std::string{"\x01\0\0\0", 4} + std::string(28, '\0'));
  net.run();
  EXPECT_TRUE(crash.closed_by_peer());
  EXPECT_EQ(refused(n1, refusal::malformed_frame), 1u);
  EXPECT_EQ(n1.connections(), 0u);
}

TEST_F(caf_link, refuses_another_version_and_both_sides_say_why) {
  node n1{net, "n1"}, n2{net, "n2"};
  middle m{net, caf_listen(n2)};
  // The hello is the text `08 01 12 02 "n1" …`: version 1 of n1.
  m.forth = [](std::string& bytes) {
    if (auto i = bytes.find(std::string{"\x08\x01\x12\x02n1"}); i != std::string::npos)
      bytes[i + 1] = 2;
  };
  m.back_again = [](std::string& bytes) {
    if (auto i = bytes.find(std::string{"\x08\x01\x12\x02n2"}); i != std::string::npos)
      bytes[i + 1] = 3;
  };
  std::optional<error> why;
  n1.over("caf").connect(middle::at, {}, [&](result<link_info> r) { why = r ? error{} : r.error(); });
  m.run();
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code, errc::unsupported);
  EXPECT_NE(why->cause.find("version 3"), std::string::npos) << why->cause;
  EXPECT_EQ(refused(n2, refusal::wrong_preamble), 1u);
  EXPECT_EQ(n1.connections() + n2.connections(), 0u);
}

TEST_F(caf_link, survives_any_change_of_what_is_said) {
  node n2{net, "n2"};
  auto at = caf_listen(n2);
  std::mt19937 random{2024};
  for (int round = 0; round < 300; ++round) {
    node n1{net, "n1"};
    middle m{net, at};
    std::size_t seen = 0, where = random() % 1200;
    auto damage = [&](std::string& bytes) {
      if (where >= seen && where < seen + bytes.size())
        bytes[where - seen] = static_cast<char>(random());
      seen += bytes.size();
    };
    (round % 2 ? m.forth : m.back_again) = damage;
    bool done = false;
    n1.over("caf").connect(middle::at, {}, [&](result<link_info> r) {
      done = true;
      if (r)
        n1.send({address{r->worker_address}, "echo"}, std::string(200, 'x'));
    });
    m.run();
    net.advance(limits{}.handshake_timeout + 1s);
    EXPECT_TRUE(done) << round;
    m.front.reset();
    m.back.reset();
    net.run();
    ASSERT_EQ(n2.connections(), 0u) << round;
    ASSERT_EQ(n2.reactor().streams(), 0u) << round;
    ASSERT_EQ(n2.budget().used(), 0u) << round;
  }
}

// -- memory --------------------------------------------------------------------------------------------

//   n1: box ══ middle (hands nothing on) ══ n2: echo
TEST_F(caf_link, does_not_grow_when_the_peer_stops_and_goes_on_when_it_reads) {
  limits limit;
  node n1{net, "n1", limit}, n2{net, "n2"};
  middle m{net, caf_listen(n2)};
  address to_n2;
  n1.over("caf").connect(middle::at, {}, [&](result<link_info> r) { to_n2 = address{r ? r->worker_address : ""}; });
  m.run();
  ASSERT_EQ(n1.connections(), 1u);
  auto& got = box_of(n1);
  const std::string body(40'000, 'x');
  constexpr std::size_t count = 2'000; // 80 MB
  for (std::size_t i = 0; i < count; ++i)
    n1.send({to_n2, "echo"}, body, "box");
  // The node's own senders may have a quarter of its budget waiting there; beyond that it is dropped.
  EXPECT_LE(n1.budget().used(), limit.node_budget / 4 + (1u << 20));
  EXPECT_GT(n1.link().dropped.total(), 0u);
  auto kept = count - n1.link().dropped.total();
  std::size_t seen = 0;
  do {
    for (auto& g : got)
      ASSERT_EQ(g->body.size(), body.size());
    seen += got.size();
    got.clear();
  } while (m.pump() || !got.empty());
  EXPECT_EQ(seen, kept);
  EXPECT_EQ(n1.budget().used(), 0u);
  EXPECT_EQ(n2.budget().used(), 0u);
}

//   n1: box ══ n2: a worker that keeps what it gets until told
TEST_F(caf_link, a_receiver_out_of_budget_pauses_and_resumes) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    network local;
    local.disturb(seed);
    limits small;
    small.link_budget = 256u << 10;
    node n1{local, "n1"}, n2{local, "n2", small};
    auto keep = std::make_unique<mailbox>();
    auto& kept = keep->got;
    n2.start("keep", std::move(keep));
    auto to_n2 = n1.connect(caf_listen(n2), {}, "caf");
    ASSERT_TRUE(to_n2);
    constexpr std::size_t count = 100;
    for (std::size_t i = 0; i < count; ++i)
      n1.send({*to_n2, "keep"}, std::string(20'000, static_cast<char>('a' + i % 26)));
    // One read of a link may go over its budget.
    EXPECT_LE(n2.budget().used(), small.link_budget + (256u << 10));
    EXPECT_LT(kept.size(), count);
    EXPECT_GE(n2.link().pauses, 1u);
    std::size_t seen = 0;
    for (int round = 0; round < 1000 && seen < count; ++round) {
      for (auto& k : kept)
        ASSERT_EQ(k->body.text(), std::string(20'000, static_cast<char>('a' + seen++ % 26)));
      kept.clear();
      local.run();
    }
    EXPECT_EQ(seen, count) << "seed " << seed;
    EXPECT_EQ(n2.budget().used(), 0u);
  }
}

TEST_F(caf_link, drops_what_waits_for_a_stalled_peer_and_closes_a_dead_one) {
  node n1{net, "n1"}, n2{net, "n2"};
  middle m{net, caf_listen(n2)};
  address to_n2;
  n1.over("caf").connect(middle::at, {}, [&](result<link_info> r) { to_n2 = address{r ? r->worker_address : ""}; });
  m.run();
  auto& got = box_of(n1);
  for (int i = 0; i < 100; ++i)
    n1.send({to_n2, "echo"}, std::string(40'000, 'x'), "box", true);
  net.advance(limits{}.stall * 3);
  EXPECT_GT(n1.link().dropped.total(), 0u);
  EXPECT_FALSE(got.empty()) << "reports";
  for (auto& g : got)
    EXPECT_EQ(g->header.get_report()->reason, drop_reason::congested);
  net.advance(limits{}.write_timeout + limits{}.stall);
  EXPECT_EQ(n1.connections(), 0u);
  EXPECT_EQ(refused(n1, refusal::write_timeout), 1u);
  got.clear();
  net.run();
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_F(caf_link, counts_against_max_connections) {
  limits limit;
  limit.max_connections = 2;
  node n1{net, "n1", limit};
  auto at = caf_listen(n1);
  node peers[3] = {node{net, "p1"}, node{net, "p2"}, node{net, "p3"}};
  EXPECT_TRUE(peers[0].connect(at, {}, "caf"));
  EXPECT_TRUE(peers[1].connect(at, {}, "caf"));
  auto third = peers[2].connect(at, {}, "caf");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, errc::closed);
  EXPECT_EQ(refused(n1, refusal::too_many_connections), 1u);
  EXPECT_EQ(n1.over("caf").listeners()[0].connections, 2u);
}

TEST_F(caf_link, stops_in_order_with_links_in_every_state) {
  node n2{net, "n2"};
  auto at = caf_listen(n2);
  auto quiet = net.dial(at);
  {
    node n1{net, "n1"};
    ASSERT_TRUE(n1.connect(at, {}, "caf"));
    (void)net.serve("127.0.0.1:9");
    errc code = errc::ok;
    n1.over("caf").connect("127.0.0.1:9", {}, [&](result<link_info> r) { code = r ? errc::ok : r.error().code; });
    net.run();
    n1.stop();
    EXPECT_EQ(code, errc::closed);
    EXPECT_EQ(n1.reactor().streams(), 0u);
  }
  net.run();
  EXPECT_EQ(n2.connections(), 1u);
  n2.stop();
  EXPECT_TRUE(quiet.closed_by_peer());
  EXPECT_EQ(n2.reactor().streams(), 0u);
}

} // namespace
} // namespace ockam::sim
