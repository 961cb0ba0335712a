// SPDX-License-Identifier: Apache-2.0
#include "runtime/control/control.hpp"

#include "proto/control.pb.h"
#include "sim/support/node.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

std::string framed(const control::Request& r) {
  auto body = r.SerializeAsString();
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(body.size() >> shift);
  return out + body;
}

std::vector<control::Response> responses(const std::string& in) {
  std::vector<control::Response> out;
  for (std::size_t at = 0; at + 4 <= in.size();) {
    std::size_t n = 0;
    for (int i = 0; i < 4; ++i)
      n = n << 8 | static_cast<unsigned char>(in[at++]);
    EXPECT_TRUE(out.emplace_back().ParseFromArray(in.data() + at, static_cast<int>(n)));
    at += n;
  }
  return out;
}

control::Request send_request(std::uint32_t id, const std::string& route, const std::string& body, std::uint32_t timeout = 0) {
  control::Request r;
  r.set_id(id);
  r.set_timeout_ms(timeout);
  r.mutable_send_message()->set_route(route);
  r.mutable_send_message()->set_payload(body);
  return r;
}

//   client ── /control ── n1: echo, uppercase, hop
class control_sim : public testing::Test {
 protected:
  control_sim() {
    worker_options o;
    o.type = "control";
    EXPECT_TRUE(n1.workers().start(address{"control"}, make_control(n1.parts(), "/control", desk), std::move(o)));
    net.run();
  }
  std::vector<control::Response> ask(client& c, const control::Request& r) {
    c.send(framed(r));
    net.run();
    return responses(c.receive());
  }

  network net;
  stop_desk desk;
  node n1{net};
};

TEST_F(control_sim, a_node_that_is_stopping_shows_itself_and_begins_nothing) {
  auto c = net.dial("/control");
  desk.closed = true;
  auto refused = ask(c, send_request(1, "/service/echo", "x"));
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_NE(refused[0].error().cause().find("is stopping"), std::string::npos);
  control::Request show;
  show.mutable_show_node();
  auto shown = ask(c, show);
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].node().name(), "n1");
  EXPECT_EQ(desk.under_way, 0u);
}

TEST_F(control_sim, who_asks_it_to_stop_is_told_how_long_that_may_take) {
  auto c = net.dial("/control");
  std::optional<std::chrono::milliseconds> asked;
  desk.ask = [&](auto grace) {
    asked = grace;
    EXPECT_EQ(desk.under_way, 1u) << "that of the message, and not its own";
    return stop_notice{std::chrono::milliseconds{70}, true};
  };
  n1.start("never", std::make_unique<mailbox>());
  EXPECT_TRUE(ask(c, send_request(2, "/service/never", "x", 60'000)).empty());
  control::Request stop;
  stop.set_id(3);
  stop.mutable_stop_node()->set_grace_ms(50);
  auto told = ask(c, stop);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(asked, std::chrono::milliseconds{50});
  EXPECT_EQ(told[0].stopping().within_ms(), 70u);
  EXPECT_TRUE(told[0].stopping().waits());
}

TEST_F(control_sim, a_message_goes_out_and_its_reply_comes_back) {
  auto c = net.dial("/control");
  auto got = ask(c, send_request(7, "/service/hop/service/echo", "hello"));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].id(), 7u);
  EXPECT_EQ(got[0].reply().payload(), "hello");
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_F(control_sim, works_when_the_memory_of_the_node_is_full) {
  auto links = ledger::make(n1.budget(), n1.budget().limit(), nullptr);
  credit everything{*links, n1.budget().limit()};
  credit local{n1.context().local_budget, n1.budget().limit()};
  auto c = net.dial("/control");
  auto got = ask(c, send_request(1, "/service/echo", "hello"));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].reply().payload(), "hello") << got[0].error().cause();
}

TEST_F(control_sim, messages_that_wait_for_replies_are_bounded_by_a_budget_of_its_own) {
  n1.start("silent", std::make_unique<mailbox>());
  auto c = net.dial("/control");
  for (std::uint32_t i = 0; i < 2; ++i)
    EXPECT_TRUE(ask(c, send_request(i, "/service/silent", std::string(5u << 20, 'x'), 500)).empty());
  auto got = ask(c, send_request(2, "/service/echo", "hello"));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].error().code(), static_cast<std::uint32_t>(errc::limit_reached));
  EXPECT_NE(got[0].error().cause().find("8MiB"), std::string::npos) << got[0].error().cause();
}

TEST_F(control_sim, a_slow_request_does_not_delay_the_next) {
  n1.start("silent", std::make_unique<mailbox>());
  auto c = net.dial("/control");
  c.send(framed(send_request(1, "/service/silent", "x", 500)));
  auto got = ask(c, send_request(2, "/service/echo", "y"));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].id(), 2u);
  net.advance(600ms);
  got = responses(c.receive());
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].id(), 1u);
  EXPECT_EQ(got[0].error().code(), static_cast<std::uint32_t>(errc::timed_out));
}

TEST_F(control_sim, says_which_worker_is_missing) {
  auto c = net.dial("/control");
  auto got = ask(c, send_request(1, "/service/hop/service/nothere", "x"));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].error().code(), static_cast<std::uint32_t>(errc::undeliverable));
  EXPECT_NE(got[0].error().cause().find("0#nothere on node n1"), std::string::npos) << got[0].error().cause();
}

// The reply could not be written, which ended the session, which destroyed what was being answered.
TEST_F(control_sim, a_client_that_left_before_its_answer_harms_nobody) {
  for (auto* route : {"/service/echo", "/service/nothere", "nonsense", "/ip4/127.0.0.1/tcp/9/service/echo"}) {
    auto gone = net.dial("/control");
    gone.send(framed(send_request(1, route, "x", 100)));
    gone.close();
    net.advance(200ms);
  }
  auto c = net.dial("/control");
  EXPECT_EQ(ask(c, send_request(2, "/service/echo", "still here")).size(), 1u);
  EXPECT_EQ(n1.budget().used(), 0u);
}

control::Request start_request(std::uint32_t id, const std::string& at, bool of_session) {
  control::Request r;
  r.set_id(id);
  r.mutable_start_service()->set_type("hop");
  r.mutable_start_service()->set_address(at);
  r.mutable_start_service()->set_of_session(of_session);
  return r;
}

TEST_F(control_sim, a_service_of_a_session_ends_with_it) {
  auto there = [&](const char* at) { return n1.board().find(address{at}) != nullptr; };
  {
    auto c = net.dial("/control"), other = net.dial("/control");
    ASSERT_EQ(ask(c, start_request(1, "mine", true)).at(0).service().address(), "mine");
    ASSERT_EQ(ask(c, start_request(2, "gone", true)).at(0).service().address(), "gone");
    ASSERT_EQ(ask(c, start_request(3, "kept", false)).at(0).service().address(), "kept");
    ASSERT_EQ(ask(other, start_request(1, "others", true)).at(0).service().address(), "others");
    // One that has ended by itself, and another one has its address now.
    control::Request stop;
    stop.mutable_stop_service()->set_address("gone");
    ASSERT_EQ(ask(c, stop).size(), 1u);
    ASSERT_EQ(ask(other, start_request(2, "gone", false)).at(0).service().address(), "gone");
    EXPECT_TRUE(there("mine") && there("gone") && there("kept") && there("others"));
    c.close();
    net.run();
    EXPECT_FALSE(there("mine"));
    EXPECT_TRUE(there("gone") && there("kept") && there("others"));
    other.close();
  }
  net.run();
  EXPECT_FALSE(there("others"));
  EXPECT_TRUE(there("gone") && there("kept"));
}

TEST_F(control_sim, a_service_of_a_session_that_ends_before_it_has_started_ends_as_well) {
  auto c = net.dial("/control");
  c.send(framed(start_request(1, "mine", true)));
  c.close();
  net.run();
  EXPECT_EQ(n1.board().find(address{"mine"}), nullptr);
}

TEST_F(control_sim, a_request_is_answered_once_however_many_replies_come) {
  class twice final : public worker {
    void on_message(message_ptr m) override {
      send(m->header.return_route(), payload{});
      reply(std::move(m));
    }
  };
  n1.start("twice", std::make_unique<twice>());
  auto c = net.dial("/control");
  EXPECT_EQ(ask(c, send_request(1, "/service/twice", "x")).size(), 1u);
}

TEST_F(control_sim, stops_with_answers_that_nobody_reads) {
  std::vector<client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(net.dial("/control"));
    clients.back().window(0);
    clients.back().send(framed(send_request(1, "/service/echo", std::string(100'000, 'x'))));
  }
  net.run();
  // They leave, and the node stops before it hears of that.
  for (int i = 0; i < 100; ++i)
    n1.reactor().post([] {});
  for (auto& c : clients)
    c.close();
  ASSERT_TRUE(n1.workers().stop(address{"control"}));
  net.run();
  EXPECT_FALSE(net.listening("/control"));
}

TEST_F(control_sim, refuses_what_is_no_request) {
  for (const std::string& bytes : {std::string{"\xff\xff\xff\xff", 4}, std::string{"\0\0\0\3abc", 7}}) {
    auto c = net.dial("/control");
    c.send(bytes);
    net.run();
    EXPECT_TRUE(c.closed_by_peer());
  }
  EXPECT_EQ(n1.board().refused()[refusal::bad_request], 2u);
  auto c = net.dial("/control");
  auto got = ask(c, control::Request{}); // well-formed, and asks for nothing
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].error().code(), static_cast<std::uint32_t>(errc::unsupported));
}

TEST_F(control_sim, a_listener_made_at_the_prompt_admits_services_unsaid_only_when_the_node_has_no_other) {
  auto client = net.dial("/control");
  for (std::uint32_t port : {4000, 4001}) {
    control::Request r;
    r.set_id(port);
    r.mutable_create_listener()->set_transport("tcp");
    r.mutable_create_listener()->set_address("127.0.0.1:" + std::to_string(port));
    ask(client, r);
  }
  auto all = n1.tcp().listeners();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0].services);
  EXPECT_FALSE(all[1].services);
}

} // namespace
} // namespace ockam::sim
