// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/connector.hpp"

#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

const std::string where = "127.0.0.1:7000";

connection_config to_n2() {
  connection_config c;
  c.name = "up";
  c.transport = "tcp";
  c.address = where;
  return c;
}

//   n1: box ══ connection "up" ══▶ n2: echo at port 7000, which comes and goes
class connector_test : public ::testing::Test {
 protected:
  connector_test() {
    auto b = std::make_unique<mailbox>();
    box = b.get();
    n1.start("box", std::move(b));
    workers_before = n1.board().size();
  }

  void start_n2() {
    n2.emplace(net, "n2");
    n2->listen(where);
  }
  void kill_n2() {
    n2.reset();
    net.run();
  }
  void add(const connection_config& c) {
    ASSERT_TRUE(n1.lasting().add(c, n1.tcp()));
    net.run();
  }
  link_info link() {
    auto all = n1.lasting().links(n1.tcp());
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? link_info{} : all.front();
  }
  void say(const std::string& text) { n1.send({"up", "echo"}, text, "box", true); }
  std::vector<std::string> take() {
    std::vector<std::string> out;
    for (auto& m : box->got) {
      const auto* r = m->header.get_report();
      out.push_back(r ? std::string{to_string(r->reason)} : std::string{m->body.text()});
    }
    box->got.clear();
    return out;
  }
  using strings = std::vector<std::string>;

  network net;
  node n1{net, "n1"};
  std::optional<node> n2;
  mailbox* box = nullptr;
  std::size_t workers_before = 0;
};

TEST_F(connector_test, a_first_connect_is_tried_until_the_peer_is_there) {
  add(to_n2());
  EXPECT_EQ(link().state, "waiting");
  EXPECT_FALSE(link().last_error.empty());
  EXPECT_GT(link().next_retry, 0ms);
  net.advance(30s);
  start_n2();
  net.advance(5s);
  auto l = link();
  EXPECT_EQ(l.state, "up");
  EXPECT_EQ(l.worker_address, "up");
  EXPECT_EQ(l.reconnects, 0u);
  say("hello");
  EXPECT_EQ(take(), strings{"hello"});
}

TEST_F(connector_test, the_address_and_the_flow_control_id_stay_over_reconnects) {
  start_n2();
  add(to_n2());
  auto before = link();
  ASSERT_EQ(before.state, "up");
  say("one");
  for (int i = 1; i <= 3; ++i) {
    net.advance(5s);
    kill_n2();
    EXPECT_NE(link().state, "up");
    start_n2();
    net.advance(1500ms);
    auto after = link();
    ASSERT_EQ(after.state, "up");
    EXPECT_EQ(after.worker_address, before.worker_address);
    EXPECT_EQ(after.flow_control_id, before.flow_control_id);
    EXPECT_EQ(after.reconnects, static_cast<std::uint64_t>(i));
    say("again");
  }
  EXPECT_EQ(take(), (strings{"one", "again", "again", "again"}));
  EXPECT_EQ(link().messages_out, 4u); // of all links
  EXPECT_EQ(link().messages_in, 4u);
}

TEST_F(connector_test, the_first_attempt_after_a_good_link_is_made_at_once) {
  auto& port = net.serve(where);
  add(to_n2());
  auto peer = port.accept();
  peer.send(preamble);
  net.advance(10s);
  ASSERT_EQ(link().state, "up");
  peer.close();
  net.run();
  EXPECT_TRUE(port.waiting());
  EXPECT_EQ(link().attempts, 2u);
}

TEST_F(connector_test, messages_meanwhile_are_reported) {
  add(to_n2());
  say("lost");
  ASSERT_EQ(box->got.size(), 1u);
  auto* r = box->got.front()->header.get_report();
  ASSERT_TRUE(r);
  EXPECT_EQ(r->reason, drop_reason::link_down);
  EXPECT_EQ(r->hop, address{"up"});
  EXPECT_NE(r->detail.find(where), std::string::npos);
  EXPECT_EQ(link().dropped[drop_reason::link_down], 1u);
  box->got.clear();
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_F(connector_test, held_messages_arrive_in_order_and_before_later_ones) {
  auto c = to_n2();
  c.hold_bytes = 64u << 10;
  add(c);
  for (auto text : {"1", "2", "3"})
    say(text);
  EXPECT_TRUE(take().empty());
  EXPECT_GT(link().queued_bytes, 0u);
  EXPECT_GT(n1.budget().used(), 0u);
  start_n2();
  net.advance(1s);
  say("4");
  EXPECT_EQ(take(), (strings{"1", "2", "3", "4"}));
  EXPECT_EQ(link().queued_bytes, 0u);
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_F(connector_test, no_more_is_held_than_was_said_and_no_longer) {
  auto c = to_n2();
  c.hold_bytes = 8u << 10;
  c.hold_time = 3s;
  add(c);
  for (int i = 0; i < 100; ++i)
    say(std::string(200, 'x'));
  auto over = take();
  EXPECT_GT(over.size(), 80u);
  EXPECT_LT(over.size(), 100u);
  EXPECT_LE(link().queued_bytes, c.hold_bytes);
  net.advance(2s);
  EXPECT_TRUE(take().empty());
  net.advance(1s);
  auto late = take();
  EXPECT_EQ(over.size() + late.size(), 100u);
  for (auto& r : late)
    EXPECT_EQ(r, "link-down");
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_F(connector_test, a_peer_that_hangs_up_at_once_costs_no_held_message_and_no_busy_loop) {
  auto c = to_n2();
  c.hold_bytes = 64u << 10;
  c.hold_time = 60s;
  auto& port = net.serve(where); // as a port forwarder without anything behind it
  add(c);
  say("kept");
  std::size_t accepted = 0;
  for (int i = 0; i < 2'000; ++i) { // 20 s
    net.advance(10ms);
    while (port.waiting()) {
      port.accept().close();
      ++accepted;
    }
  }
  EXPECT_GE(accepted, 15u); // a second apart, less a quarter, after the first few
  EXPECT_LE(accepted, 32u);
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(n1.connections(), 0u);
}

TEST_F(connector_test, attempts_get_rarer_up_to_the_cap) {
  add(to_n2());
  net.advance(10s);
  auto first = link().attempts;
  EXPECT_GE(first, 11u);
  EXPECT_LE(first, 17u);
  net.advance(100s);
  auto later = link().attempts - first;
  EXPECT_GE(later, 99u); // a second apart, less a quarter
  EXPECT_LE(later, 134u);
}

TEST_F(connector_test, a_first_attempt_from_the_prompt_that_fails_leaves_nothing) {
  auto timers = n1.reactor().timers();
  std::optional<error> failed;
  auto c = to_n2();
  c.name.clear();
  n1.lasting().create(c, n1.tcp(), 1s, [&](result<link_info> l) { failed = l ? error{} : l.error(); });
  net.advance(2s);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->code, errc::unreachable);
  EXPECT_TRUE(n1.lasting().links(n1.tcp()).empty());
  EXPECT_EQ(n1.board().size(), workers_before);
  EXPECT_EQ(n1.reactor().timers(), timers);
}

TEST_F(connector_test, a_connection_from_the_prompt_comes_back_too) {
  start_n2();
  auto c = to_n2();
  c.name.clear();
  std::string at;
  n1.lasting().create(c, n1.tcp(), 1s, [&](result<link_info> l) { at = l ? l->worker_address : ""; });
  net.run();
  ASSERT_EQ(at.size(), 32u);
  kill_n2();
  start_n2();
  net.advance(1500ms);
  n1.send({address{at}, "echo"}, "hello", "box");
  EXPECT_EQ(take(), strings{"hello"});
}

TEST_F(connector_test, removed_it_is_gone_in_every_state) {
  auto gone = [&] {
    net.run();
    EXPECT_TRUE(n1.lasting().links(n1.tcp()).empty());
    EXPECT_EQ(n1.board().size(), workers_before);
    EXPECT_EQ(n1.connections(), 0u);
    net.advance(60s);
    EXPECT_EQ(n1.connections(), 0u);
    EXPECT_TRUE(n1.lasting().links(n1.tcp()).empty());
  };
  add(to_n2());
  ASSERT_EQ(link().state, "waiting");
  EXPECT_TRUE(n1.lasting().remove(n1.tcp(), "up"));
  gone();
  net.swallow(where);
  add(to_n2());
  ASSERT_EQ(link().state, "connecting");
  EXPECT_TRUE(n1.lasting().remove(n1.tcp(), where));
  gone();
  EXPECT_FALSE(n1.lasting().remove(n1.tcp(), "up"));
}

TEST_F(connector_test, removed_while_up_it_ends_its_link) {
  start_n2();
  add(to_n2());
  ASSERT_EQ(link().state, "up");
  EXPECT_TRUE(n1.lasting().remove(n1.tcp(), "0#up"));
  net.advance(60s);
  EXPECT_EQ(n1.connections(), 0u);
  EXPECT_EQ(n2->connections(), 0u);
  EXPECT_EQ(n1.board().size(), workers_before);
  say("x");
  EXPECT_EQ(take(), strings{"unknown-worker"});
}

TEST_F(connector_test, removed_during_the_handshake_it_ends_its_link) {
  auto& port = net.serve(where);
  add(to_n2());
  ASSERT_EQ(link().state, "handshake");
  auto peer = port.accept();
  EXPECT_TRUE(n1.lasting().remove(n1.tcp(), "up"));
  net.run();
  EXPECT_TRUE(peer.closed_by_peer());
  EXPECT_EQ(n1.connections(), 0u);
  EXPECT_EQ(n1.board().size(), workers_before);
}

TEST_F(connector_test, what_was_allowed_through_one_link_is_allowed_through_the_next) {
  auto c = to_n2();
  c.allow = {"box"};
  add(c);
  auto& port = net.serve(where);
  net.advance(5s);
  for (int i = 0; i < 2; ++i) {
    auto peer = port.accept();
    peer.send(preamble + frame({"box"}, {}, "in"));
    net.run();
    EXPECT_EQ(take(), strings{"in"});
    net.advance(3s);
    peer.close();
    net.advance(1s);
    ASSERT_TRUE(port.waiting());
  }
}

TEST_F(connector_test, consumers_of_the_address_stay_over_reconnects) {
  add(to_n2());
  auto flow = n1.board().flows().create();
  ASSERT_TRUE(n1.board().add_consumer(flow, address{"up"}));
  start_n2();
  net.advance(5s);
  kill_n2();
  net.run();
  auto* e = n1.board().find(address{"up"});
  ASSERT_TRUE(e);
  EXPECT_EQ(e->consumer_of, std::vector{flow});
}

TEST_F(connector_test, a_name_that_is_taken_is_refused) {
  auto c = to_n2();
  c.name = "echo";
  auto ok = n1.lasting().add(c, n1.tcp());
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, errc::already_exists);
  EXPECT_TRUE(n1.lasting().links(n1.tcp()).empty());
  EXPECT_EQ(n1.board().find(address{"echo"})->type, "echo");
}

} // namespace
} // namespace ockam::sim
