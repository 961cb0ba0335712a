// SPDX-License-Identifier: Apache-2.0
// Listeners whose address the host has not when the node starts.
#include "runtime/node/late_listeners.hpp"
#include "services/services.hpp"
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

//   n1: a tcp and a udp listener at 10.9.0.1, which the host does not have; another one at 127.0.0.1
class late_listeners_test : public testing::Test {
 protected:
  late_listeners_test() {
    net.without("10.9.0.1");
    config.name = "n1";
    config.listeners = {listener("late", "tcp", "10.9.0.1:4000"), listener("late", "udp", "10.9.0.1:4000"),
                        listener("prompt", "tcp", "127.0.0.1:4001")};
  }
  static listener_config listener(std::string name, std::string transport, std::string at) {
    listener_config l;
    l.name = std::move(name);
    l.transport = std::move(transport);
    l.address = std::move(at);
    return l;
  }

  network net;
  node_config config;
};

TEST_F(late_listeners_test, do_not_hold_up_the_node_and_open_when_the_address_is_there) {
  node n1{net, config, standard_services()};
  EXPECT_TRUE(n1.failures().empty());
  ASSERT_EQ(n1.listeners().size(), 1u);
  net.advance(30s);
  EXPECT_EQ(n1.listeners().size(), 1u);
  net.with("10.9.0.1");
  net.advance(late_listeners::pause);
  ASSERT_EQ(n1.listeners().size(), 3u);
  // The first of the configuration admits the services, as if it had been there from the start.
  auto c = net.dial("10.9.0.1:4000");
  c.send(preamble + frame({"echo"}, {"me"}, "hello"));
  net.run();
  c.receive(preamble.size());
  auto in = c.receive();
  EXPECT_EQ(take_frames(in).size(), 1u);
  EXPECT_EQ(n1.reload(config).size(), 0u); // nothing has changed
  EXPECT_EQ(n1.listeners().size(), 3u);
}

TEST_F(late_listeners_test, are_an_error_where_the_operator_wants_that) {
  config.listeners[0].retry = false;
  node n1{net, config, standard_services()};
  ASSERT_EQ(n1.failures().size(), 1u);
  EXPECT_EQ(n1.failures()[0].section, "[tcp-listener late]");
  EXPECT_EQ(n1.failures()[0].why.code, errc::address_unavailable);
}

TEST_F(late_listeners_test, are_given_up_when_their_section_is_gone) {
  node n1{net, config, standard_services()};
  auto fresh = config;
  fresh.listeners.erase(fresh.listeners.begin(), fresh.listeners.begin() + 2);
  EXPECT_TRUE(n1.reload(fresh).empty());
  net.with("10.9.0.1");
  net.advance(10s);
  EXPECT_FALSE(net.listening("10.9.0.1:4000"));
  EXPECT_EQ(n1.listeners().size(), 1u);
}

TEST_F(late_listeners_test, open_as_the_configuration_says_by_then) {
  node n1{net, config, standard_services()};
  auto fresh = config;
  fresh.listeners[0].allow = {"uppercase"};
  fresh.listeners[1].address = "127.0.0.1:4002";
  EXPECT_TRUE(n1.reload(fresh).empty());
  EXPECT_EQ(n1.listeners().size(), 2u);
  net.with("10.9.0.1");
  net.advance(10s);
  EXPECT_EQ(n1.listeners().size(), 3u);
  auto c = net.dial("10.9.0.1:4000");
  c.send(preamble + frame({"echo"}, {"me"}, "hello", true));
  net.run();
  c.receive(preamble.size());
  auto in = c.receive();
  auto told = take_frames(in);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].extras.find("refused"), std::string::npos);
}

TEST_F(late_listeners_test, come_with_a_configuration_that_is_read_later_too) {
  auto before = config;
  before.listeners = {config.listeners[2]};
  node n1{net, before, standard_services()};
  EXPECT_TRUE(n1.reload(config).empty());
  net.with("10.9.0.1");
  net.advance(2s);
  EXPECT_EQ(n1.listeners().size(), 3u);
}

TEST_F(late_listeners_test, are_tried_again_also_when_the_port_is_taken_by_the_time_the_address_comes) {
  node n1{net, config, standard_services()};
  net.with("10.9.0.1");
  auto other = std::make_unique<node>(net, "other");
  other->listen("10.9.0.1:4000");
  net.advance(3s);
  EXPECT_EQ(n1.listeners().size(), 2u);
  other.reset();
  net.advance(3s);
  EXPECT_EQ(n1.listeners().size(), 3u);
}

TEST_F(late_listeners_test, leave_nothing_behind_when_the_node_stops) {
  node n1{net, config, standard_services()};
  n1.stop();
  net.with("10.9.0.1");
  net.advance(5s);
  EXPECT_FALSE(net.listening("10.9.0.1:4000"));
}

TEST_F(late_listeners_test, a_listener_made_at_the_prompt_is_there_at_once_or_never) {
  node n1{net, config, standard_services()};
  errc code = errc::ok;
  n1.reactor().post([&] { n1.tcp().listen("10.9.0.1:4100", {}, [&](result<listener_info> l) { code = l ? errc::ok : l.error().code; }); });
  net.run();
  EXPECT_EQ(code, errc::address_unavailable);
  net.with("10.9.0.1");
  net.advance(5s);
  EXPECT_FALSE(net.listening("10.9.0.1:4100"));
}

} // namespace
} // namespace ockam::sim
