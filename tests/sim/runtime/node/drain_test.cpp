// SPDX-License-Identifier: Apache-2.0
// A node that is to stop: nothing new comes in, and what is under way is finished.
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

class answering final : public worker {
 public:
  void on_message(message_ptr m) override { reply(std::move(m)); }
};

/// Asks another worker, and answers with what that says.
class asking final : public worker {
 public:
  explicit asking(route whom) : whom_{std::move(whom)} {}
  void on_message(message_ptr m) override {
    payload body{m->body.bytes()};
    request(whom_, std::move(body), 1min, [this, m = std::move(m)](result<message_ptr> r) mutable {
      reply(std::move(m), r ? std::move((*r)->body) : payload{});
    });
  }

 private:
  route whom_;
};

/// Answers none.
class keeping final : public worker {
 public:
  void on_message(message_ptr m) override { kept_ = std::move(m); }

 private:
  message_ptr kept_;
};

//   peer ── tcp ── n1
class draining_node : public testing::Test {
 protected:
  draining_node() {
    n1.start("slow", std::make_unique<answering>(), worker_thread::pool);
    at = n1.listen();
    peer.emplace(net.dial(at));
    peer->send(preamble);
    net.run();
    peer->receive();
  }

  void ask(const std::string& to) {
    peer->send(frame({address{to}}, {"me"}, "x", true));
    net.run();
  }
  /// Bodies of what has come; a report says its reason.
  std::vector<std::string> heard() {
    auto in = peer->receive();
    std::vector<std::string> out;
    for (auto& f : take_frames(in))
      out.push_back(f.body == "x" ? "answer" : "report");
    return out;
  }

  network net;
  node n1{net, "n1"};
  std::string at;
  std::optional<client> peer;
};

TEST_F(draining_node, one_with_nothing_to_do_is_done_at_once_and_lets_nobody_in) {
  auto notice = n1.drain(5s);
  EXPECT_FALSE(notice.waits);
  EXPECT_EQ(notice.within, 5s);
  EXPECT_FALSE(net.listening(at));
  net.advance(10ms);
  EXPECT_EQ(n1.drained(), 1);
}

TEST_F(draining_node, a_request_under_way_is_answered_and_a_new_one_refused) {
  n1.pool_runs(false);
  ask("slow");
  EXPECT_TRUE(n1.drain(5s).waits);
  net.advance(10ms);
  ask("echo");
  EXPECT_EQ(heard(), std::vector<std::string>{"report"});
  EXPECT_EQ(n1.board().dropped()[drop_reason::node_stopping], 1u);
  net.advance(3s);
  EXPECT_EQ(n1.drained(), 0);
  EXPECT_FALSE(peer->closed_by_peer());
  n1.pool_runs(true);
  net.advance(20ms);
  EXPECT_EQ(heard(), std::vector<std::string>{"answer"});
  EXPECT_EQ(n1.drained(), 1);
}

TEST_F(draining_node, its_time_is_that_of_the_shortest_wish) {
  n1.start("never", std::make_unique<keeping>());
  ask("never");
  EXPECT_EQ(n1.drain(5s).within, 5s);
  net.advance(1s);
  EXPECT_EQ(n1.drain(9s).within, 4s);
  EXPECT_EQ(n1.drain(2s).within, 2s);
  net.advance(1900ms);
  EXPECT_EQ(n1.drained(), 0);
  net.advance(200ms);
  EXPECT_EQ(n1.drained(), 1);
}

TEST_F(draining_node, a_request_that_waits_for_another_node_gets_its_answer) {
  node n2{net, "n2"};
  n2.start("far", std::make_unique<answering>(), worker_thread::pool);
  auto link = n1.connect(n2.listen());
  ASSERT_TRUE(link);
  n1.start("asks", std::make_unique<asking>(route{*link, address{"far"}}));
  n2.pool_runs(false);
  ask("asks");
  EXPECT_TRUE(n1.drain(5s).waits);
  net.advance(1s);
  EXPECT_EQ(n1.drained(), 0);
  n2.pool_runs(true);
  net.advance(20ms);
  EXPECT_EQ(heard(), std::vector<std::string>{"answer"});
  EXPECT_EQ(n1.drained(), 1);
}

TEST_F(draining_node, a_peer_that_takes_nothing_is_not_waited_for) {
  peer->window(0);
  for (int i = 0; i < 100; ++i)
    peer->send(frame({address{"echo"}}, {"me"}, std::string(10'000, 'x')));
  net.run();
  EXPECT_TRUE(n1.drain(60s).waits);
  EXPECT_EQ(n1.drained(), 0) << "it may take it yet";
  net.advance(3s);
  EXPECT_EQ(n1.drained(), 1);
}

TEST_F(draining_node, half_a_frame_is_not_waited_for) {
  auto all = frame({address{"echo"}}, {"me"}, std::string(100'000, 'x'));
  peer->send(all.substr(0, all.size() / 2));
  net.run();
  EXPECT_FALSE(n1.drain(5s).waits);
  net.advance(10ms);
  EXPECT_EQ(n1.drained(), 1);
}

TEST_F(draining_node, what_comes_at_the_moment_when_it_begins_was_sent_before) {
  n1.drain(5s);
  ask("echo");
  EXPECT_EQ(heard(), std::vector<std::string>{"answer"});
  net.advance(10ms);
  EXPECT_EQ(n1.drained(), 1);
}

TEST_F(draining_node, what_an_operator_allows_to_a_connection_is_no_answer) {
  node n2{net, "n2"};
  auto link = n1.connect(n2.listen(), {.allow = {"slow"}});
  ASSERT_TRUE(link);
  auto back = n2.link().worker_address;
  n2.send({address{back}, address{"slow"}}, "x");
  EXPECT_EQ(n1.board().find(address{"slow"})->messages_in, 1u);
  n1.start("never", std::make_unique<keeping>());
  ask("never");
  n1.drain(5s);
  net.advance(10ms);
  n2.send({address{back}, address{"slow"}}, "x");
  EXPECT_EQ(n1.board().find(address{"slow"})->messages_in, 1u);
  EXPECT_EQ(n1.board().dropped()[drop_reason::node_stopping], 1u);
}

} // namespace
} // namespace ockam::sim
