// SPDX-License-Identifier: Apache-2.0
// What an inlet knows of its far end.
#include "sim/portals/portal_fixture.hpp"

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

class inlet_session : public portal {
 protected:
  /// An inlet to a node that is not there yet, at a port of its own.
  void begin_inlet(const std::string& far = "/ip4/127.0.0.1/tcp/4999/service/outlet") {
    begin(app, "tcp-inlet", "db", {{"from", inlet_at}, {"to", far}});
  }
};

TEST_F(inlet_session, refuses_clients_until_the_far_end_was_there) {
  begin_inlet();
  EXPECT_EQ(of_inlet("state"), "down");
  EXPECT_NE(of_inlet("reason").find("127.0.0.1:4999"), std::string::npos) << of_inlet("reason");
  EXPECT_FALSE(net.listening(inlet_at));
  db.listen("127.0.0.1:4999");
  begin(db, "tcp-outlet", "outlet", {{"to", target_at}});
  net.advance(3s);
  EXPECT_EQ(of_inlet("state"), "up") << of_inlet("reason");
  EXPECT_EQ(of_inlet("reason"), "");
  auto c = dial();
  c.send("x");
  EXPECT_EQ((net.run(), accept().receive()), "x");
}

TEST_F(inlet_session, has_its_port_from_the_beginning) {
  begin_inlet();
  auto* f = app.parts().facilities.find("tcp-inlet");
  auto second = f->begin({"tcp-inlet", "other", {{"from", inlet_at}, {"to", "/service/outlet"}}});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, errc::address_in_use);
  auto same = f->begin({"tcp-inlet", "db", {{"to", "/service/outlet"}}});
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error().code, errc::already_exists);
}

TEST_F(inlet_session, closes_its_clients_at_once_when_the_far_end_goes) {
  open();
  auto c = dial();
  auto t = accept();
  db.stop();
  net.advance(3s);
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_EQ(of_inlet("state"), "down");
  auto d = net.dial(inlet_at);
  net.run();
  EXPECT_TRUE(d.reset_by_peer());
  EXPECT_EQ(of_inlet("refused"), "1");
}

TEST_F(inlet_session, notices_within_8_s_that_the_far_end_is_silent) {
  open();
  auto c = dial();
  auto t = accept();
  (void)db.workers().stop(address{"echo"});
  db.start("echo", std::make_unique<mailbox>()); // takes what it gets and says nothing
  net.advance(8s);
  EXPECT_EQ(of_inlet("state"), "down");
  EXPECT_NE(of_inlet("reason").find("has not answered"), std::string::npos) << of_inlet("reason");
  EXPECT_TRUE(c.closed_by_peer());
}

/// Sends something to the worker of an inlet that asks, each second.
class talkative final : public worker {
 public:
  explicit talkative(std::string whom) : whom_{std::move(whom)} {}

 private:
  void on_start() override { set_timer(1s); }
  void on_message(message_ptr) override {}
  void on_timer(std::uint64_t) override {
    deliver(make_message({address{whom_}}, self(), text_payload("I am there")));
    set_timer(1s);
  }
  std::string whom_;
};

TEST_F(inlet_session, takes_no_answers_but_those_to_its_questions) {
  open();
  app.start("talkative", std::make_unique<talkative>(of_inlet("worker")));
  (void)db.workers().stop(address{"echo"});
  db.start("echo", std::make_unique<mailbox>());
  net.advance(8s);
  EXPECT_EQ(of_inlet("state"), "down");
}

TEST_F(inlet_session, is_up_again_soon_after_the_far_end_is_back) {
  begin_inlet();
  {
    node first{net, "first"};
    first.listen("127.0.0.1:4999");
    begin(first, "tcp-outlet", "outlet", {{"to", target_at}});
    net.advance(3s);
    ASSERT_EQ(of_inlet("state"), "up") << of_inlet("reason");
  }
  net.advance(10s);
  ASSERT_EQ(of_inlet("state"), "down");
  db.listen("127.0.0.1:4999");
  begin(db, "tcp-outlet", "outlet", {{"to", target_at}});
  net.advance(5s);
  EXPECT_EQ(of_inlet("state"), "up") << of_inlet("reason");
  auto c = dial();
  c.send("x");
  EXPECT_EQ((net.run(), accept().receive()), "x");
}

TEST_F(inlet_session, a_far_end_without_an_echo_is_there_all_the_same) {
  open();
  (void)db.workers().stop(address{"echo"});
  net.advance(30s);
  EXPECT_EQ(of_inlet("state"), "up") << of_inlet("reason");
}

TEST_F(inlet_session, an_outlet_of_the_same_node_will_do) {
  begin(app, "tcp-outlet", "outlet", {{"to", target_at}});
  begin(app, "tcp-inlet", "db", {{"from", inlet_at}, {"to", "/service/outlet"}});
  EXPECT_EQ(of_inlet("state"), "up");
  auto c = dial();
  auto t = accept();
  auto down = noise(2u << 20);
  EXPECT_TRUE(pump(t, c, down) == down);
}

TEST_F(inlet_session, goes_by_way_of_hops) {
  node middle{net, "middle"};
  middle.start("hop");
  auto first = middle.listen("127.0.0.1:4101");
  auto second = db.listen("127.0.0.1:4102");
  begin(db, "tcp-outlet", "outlet", {{"to", target_at}});
  middle.routing().dial = dial_policy::any;
  begin(app, "tcp-inlet", "db", {{"from", inlet_at}, {"to", "/ip4/127.0.0.1/tcp/4101/service/hop/ip4/127.0.0.1/tcp/4102/service/outlet"}});
  net.advance(2s);
  ASSERT_EQ(of_inlet("state"), "up") << of_inlet("reason");
  auto c = dial();
  auto t = accept();
  auto up = noise(2u << 20);
  EXPECT_TRUE(pump(c, t, up) == up);
  middle.stop();
  net.advance(8s);
  EXPECT_TRUE(c.closed_by_peer());
  net.advance(1min);
  EXPECT_TRUE(t.closed_by_peer());
}

TEST_F(inlet_session, a_link_that_is_cut_ends_both_ends) {
  open();
  auto c = dial();
  auto t = accept();
  auto before = pump(c, t, noise(500'000));
  ASSERT_EQ(net.cut(where), 1u);
  net.advance(12s);
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_TRUE(t.closed_by_peer());
  EXPECT_EQ(of_inlet("state"), "up") << of_inlet("reason");
  auto d = dial();
  d.send("again");
  EXPECT_EQ((net.run(), accept().receive()), "again");
}

} // namespace
} // namespace ockam::sim
